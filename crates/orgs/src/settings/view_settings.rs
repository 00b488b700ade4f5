//! Reads of an organization's settings.

use tessera_kernel::{AccessError, Actor, OrganizationId, VersionedDocument};

use crate::{Orgs, policy};

impl Orgs {
    /// Returns the settings of an organization. They are empty if nothing was set.
    ///
    /// # Errors
    /// Fails when the actor may not read the settings, or storage fails.
    pub async fn view_settings(&self, actor: &Actor, id: OrganizationId) -> Result<VersionedDocument, AccessError> {
        let (organization, _) = self.require_and_find(actor, id, policy::MANAGE).await?;
        let settings = self.ports.store.find_settings(&organization).await?;
        Ok(settings.unwrap_or_else(|| VersionedDocument::unwritten(organization.created_at)))
    }
}
