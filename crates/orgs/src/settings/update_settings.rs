//! Replacement of an organization's settings.

use tessera_kernel::{AccessError, Actor, DataDocument, OrganizationId, Precondition, StoreError};

use super::events::SettingsEvent;
use crate::{Orgs, caller::LockedOrganization, model::Settings, policy};

/// Command of [`Orgs::update_settings`].
#[derive(Debug)]
pub struct UpdateSettings {
    /// The organization.
    pub organization: OrganizationId,
    /// The new settings. They replace all previous settings.
    pub settings: DataDocument,
    /// The condition on the current version.
    pub precondition: Precondition,
}

/// Why the update failed.
#[derive(Debug, thiserror::Error)]
pub enum UpdateSettingsError {
    /// The actor has no access to the organization.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The precondition does not hold.
    #[error("the settings have changed meanwhile")]
    Stale,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Replaces the settings of an organization.
    ///
    /// # Errors
    /// Fails when the actor may not change the settings, the precondition does not hold, or storage fails.
    pub async fn update_settings(
        &self,
        actor: &Actor,
        command: UpdateSettings,
    ) -> Result<Settings, UpdateSettingsError> {
        let id = command.organization;
        let LockedOrganization { mut tx, organization, .. } = self.lock_and_require(actor, id, policy::MANAGE).await?;
        let known = tx.documents().find_settings(id).await?;
        let known = known.unwrap_or_else(|| Settings::untouched(&organization));
        // Settings that were never written exist as an empty document in version 0.
        if !command.precondition.holds(Some(known.version)) {
            return Err(UpdateSettingsError::Stale);
        }
        let settings = Settings {
            settings: command.settings,
            version: known.version + 1,
            updated_at: self.ports.system.now(),
            ..known
        };
        let event = SettingsEvent::Updated { organization: id, version: settings.version };
        tx.documents().save_settings(&settings).await?;
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(settings)
    }
}
