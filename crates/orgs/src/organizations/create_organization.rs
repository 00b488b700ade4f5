//! Creation of organizations.

use tessera_kernel::{Actor, OnConflict, OrganizationId, QuotaExceeded, Role, StoreError, UserId};

use super::events::OrganizationEvent;
use crate::{
    Orgs,
    model::{Membership, Organization, OrganizationName, Slug},
};

/// Command of [`Orgs::create_organization`].
#[derive(Debug)]
pub struct CreateOrganization {
    /// The display name.
    pub name: OrganizationName,
    /// The requested slug. Without one, the slug is derived from the name.
    pub slug: Option<Slug>,
}

tessera_kernel::error_enum! {
    /// Why the creation failed.
    pub enum CreateOrganizationError {
        /// Only a user can own an organization.
        #[error("only a user can create an organization")]
        NotAUser,
        /// Another organization has the slug.
        #[error("this slug is already taken")]
        SlugTaken,
    }
    from Quota(QuotaExceeded), Store(StoreError)
}

/// With 2^30 suffixes, a second conflict is already unlikely.
const TRIES: usize = 4;

impl Orgs {
    /// Creates an organization and the owner's membership in one transaction.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the slug is taken, a quota is reached, or storage fails.
    pub async fn create_organization(
        &self,
        actor: &Actor,
        command: CreateOrganization,
    ) -> Result<(Organization, Role), CreateOrganizationError> {
        let owner = actor.user().ok_or(CreateOrganizationError::NotAUser)?;
        if let Some(slug) = command.slug {
            return self.insert_organization(actor, owner, command.name, slug).await;
        }
        let suggested = Slug::suggested_by(command.name.as_str());
        let mut slug = suggested.clone();
        for _ in 0..TRIES {
            let candidate =
                slug.take().unwrap_or_else(|| Slug::distinguished(suggested.as_ref(), &*self.ports.system.entropy));
            match self.insert_organization(actor, owner, command.name.clone(), candidate).await {
                Err(CreateOrganizationError::SlugTaken) => {}
                done => return done,
            }
        }
        Err(CreateOrganizationError::SlugTaken)
    }

    async fn insert_organization(
        &self,
        actor: &Actor,
        owner: UserId,
        name: OrganizationName,
        slug: Slug,
    ) -> Result<(Organization, Role), CreateOrganizationError> {
        let now = self.ports.system.now();
        let id = OrganizationId::generate(&self.ports.system);
        let organization = Organization { id, name, slug, created_at: now, updated_at: now, mfa_required: false };
        let membership = Membership {
            organization_id: id,
            user_id: owner,
            role: Role::Owner,
            joined_at: now,
            profile_visible_at: Some(now),
            opened_at: Some(now),
        };
        let mut tx = self.ports.store.begin().await?;
        self.check_new_owner::<CreateOrganizationError>(&mut *tx, &membership).await?;
        tx.organizations().insert(&organization).await.on_conflict(CreateOrganizationError::SlugTaken)?;
        tx.memberships().insert(&membership).await?;
        tx.events().append(&self.event(actor, OrganizationEvent::Created { organization: id })).await?;
        tx.commit().await?;
        Ok((organization, Role::Owner))
    }
}
