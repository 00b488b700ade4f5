//! Reads of an organization.

use tessera_kernel::{AccessError, Actor, OrganizationId, Role};

use crate::{Orgs, model::Organization};

impl Orgs {
    /// Returns the organization and the actor's role in it.
    ///
    /// # Errors
    /// Fails when the actor is not a member, or storage fails.
    pub async fn view_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<(Organization, Role), AccessError> {
        let (organization, own) = self.require_and_find(actor, id, Role::Member).await?;
        Ok((organization, own.role))
    }
}
