//! Updates of an organization's settings.

use tessera_kernel::{
    AccessError, Actor, DocumentWrite, DocumentWriteError, OrganizationId, StoreError, VersionedDocument,
};

use super::events::SettingsEvent;
use crate::{Orgs, caller::LockedOrganization, policy};

tessera_kernel::error_enum! {
    /// Why the update failed.
    pub enum UpdateSettingsError {}
    from Access(AccessError), Write(DocumentWriteError), Store(StoreError)
}

impl Orgs {
    /// Updates the settings of an organization. The operation locks the organization, so that no concurrent change is
    /// lost.
    ///
    /// # Errors
    /// Fails when the actor may not change the settings, the precondition does not hold, the settings are too large, or
    /// storage fails.
    pub async fn update_settings(
        &self,
        actor: &Actor,
        id: OrganizationId,
        write: DocumentWrite,
    ) -> Result<VersionedDocument, UpdateSettingsError> {
        let LockedOrganization { mut tx, organization, .. } = self.lock_and_require(actor, id, policy::MANAGE).await?;
        let current = tx.documents().find_settings(&organization).await?;
        // Settings exist as long as their organization does, with version 0 before the first write.
        let current = current.unwrap_or_else(|| VersionedDocument::unwritten(organization.created_at));
        let settings = write.apply(Some(current), self.ports.system.now())?;
        tx.documents().save_settings(id, &settings).await?;
        let event = SettingsEvent::Updated { organization: id, version: settings.version };
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(settings)
    }
}
