//! Reads of an organization's settings.

use tessera_kernel::{AccessError, Actor, OrganizationId};

use crate::{Orgs, model::Settings, policy};

impl Orgs {
    /// Returns the settings of an organization. They are empty if nothing was set.
    ///
    /// # Errors
    /// Fails when the actor may not read the settings, or storage fails.
    pub async fn view_settings(&self, actor: &Actor, id: OrganizationId) -> Result<Settings, AccessError> {
        let (organization, _) = self.require_and_find(actor, id, policy::MANAGE).await?;
        let settings = self.ports.store.find_settings(id).await?;
        Ok(settings.unwrap_or_else(|| Settings::untouched(&organization)))
    }
}
