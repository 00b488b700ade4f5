//! Changes of organizations.

use tessera_kernel::{AccessError, Actor, OnConflict, OrganizationId, Role, StoreError, permit};

use super::events::OrganizationEvent;
use crate::{
    Orgs,
    caller::AuthorizedChange,
    model::{Organization, OrganizationName, Slug},
    policy,
};

/// The changes. `None` leaves a field as it is.
#[derive(Debug)]
pub struct UpdateOrganization {
    /// The organization to change.
    pub organization: OrganizationId,
    /// The new display name.
    pub name: Option<OrganizationName>,
    /// The new slug. Only an owner may send one.
    pub slug: Option<Slug>,
}

tessera_kernel::error_enum! {
    /// Why the change failed.
    pub enum UpdateOrganizationError {
        /// Another organization has the slug.
        #[error("this slug is already taken")]
        SlugTaken,
    }
    from
        /// The actor has no access to the organization, or the role is too low for the change.
        Access(AccessError),
        Store(StoreError),
}

impl Orgs {
    /// Changes an organization, and returns it with the role of the actor. Administrators change the name, owners the
    /// slug too, because links of other services may contain it.
    ///
    /// # Errors
    /// Fails when the actor may not change the organization, the slug is taken, or storage fails.
    pub async fn update_organization(
        &self,
        actor: &Actor,
        command: UpdateOrganization,
    ) -> Result<(Organization, Option<Role>), UpdateOrganizationError> {
        let id = command.organization;
        let AuthorizedChange { mut tx, mut organization, party } =
            self.lock_and_authorize(actor, id, &policy::UPDATE_ORGANIZATION).await?;
        permit(command.slug.is_none() || party.role() >= Some(policy::CHANGE_SLUG), id)?;
        organization.name = command.name.unwrap_or(organization.name);
        organization.slug = command.slug.unwrap_or(organization.slug);
        organization.updated_at = self.ports.system.now();
        tx.organizations().update(&organization).await.on_conflict(UpdateOrganizationError::SlugTaken)?;
        tx.events().append(&self.event(actor, OrganizationEvent::Updated { organization: id })).await?;
        tx.commit().await?;
        Ok((organization, party.role()))
    }
}
