//! Changes of organizations.

use tessera_kernel::{AccessError, ActingParty, Actor, OnConflict, OrganizationId, Role, StoreError, permit};

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
    /// Whether members need a session with MFA. Only an owner who is signed in may send it.
    pub mfa_required: Option<bool>,
}

tessera_kernel::error_enum! {
    /// Why the change failed.
    pub enum UpdateOrganizationError {
        /// Another organization has the slug.
        #[error("this slug is already taken")]
        SlugTaken,
        /// To require MFA no longer makes an attack easier, so it requires recent authentication.
        #[error("reauthentication is required")]
        ReauthenticationRequired,
    }
    from
        /// The actor has no access to the organization, or the role is too low for the change.
        Access(AccessError),
        Store(StoreError),
}

impl Orgs {
    /// Changes an organization, and returns it with the role of the actor. Administrators change the name, owners the
    /// slug too, because links of other services may contain it, and whether MFA is required.
    ///
    /// # Errors
    /// Fails when the actor may not change the organization, the slug is taken, MFA is to be required by a session that has
    /// none, MFA is no longer to be required by a session that is not recent, or storage fails.
    pub async fn update_organization(
        &self,
        actor: &Actor,
        command: UpdateOrganization,
    ) -> Result<(Organization, Option<Role>), UpdateOrganizationError> {
        let id = command.organization;
        let AuthorizedChange { mut tx, mut organization, party } =
            self.lock_and_authorize(actor, id, &policy::UPDATE_ORGANIZATION).await?;
        permit(command.slug.is_none() || party.role() >= Some(policy::CHANGE_SLUG), id)?;
        let owns = matches!(party, ActingParty::Member { role, by_key: false, .. } if role >= policy::REQUIRE_MFA);
        permit(command.mfa_required.is_none() || owns, id)?;
        match (organization.mfa_required, command.mfa_required) {
            // An owner without MFA would lock out also themselves.
            (false, Some(true)) => actor.require_mfa(true, id)?,
            (true, Some(false)) if !actor.is_recent() => return Err(UpdateOrganizationError::ReauthenticationRequired),
            _ => {}
        }
        organization.mfa_required = command.mfa_required.unwrap_or(organization.mfa_required);
        organization.name = command.name.unwrap_or(organization.name);
        organization.slug = command.slug.unwrap_or(organization.slug);
        organization.updated_at = self.ports.system.now();
        tx.organizations().update(&organization).await.on_conflict(UpdateOrganizationError::SlugTaken)?;
        tx.events().append(&self.event(actor, OrganizationEvent::Updated { organization: id })).await?;
        tx.commit().await?;
        Ok((organization, party.role()))
    }
}
