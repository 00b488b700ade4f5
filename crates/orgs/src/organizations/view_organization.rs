//! Reads of an organization.

use tessera_kernel::{AccessError, Actor, OrganizationId, Role};

use crate::{Orgs, model::Organization, policy};

impl Orgs {
    /// Returns the organization and the actor's role in it, which a service account does not have.
    ///
    /// # Errors
    /// Fails when the actor has no access, or storage fails.
    pub async fn view_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<(Organization, Option<Role>), AccessError> {
        if actor.user().is_none() {
            return self.find_by_key(actor, id, &policy::READ_ORGANIZATION).await;
        }
        let (organization, own) = self.require_and_find(actor, id, policy::READ_ORGANIZATION.role).await?;
        Ok((organization, Some(own.role)))
    }
}
