//! Replacement of an organization's settings.

use tessera_kernel::{Actor, DataDocument, OrganizationId, Precondition, StoreError};

use super::events::SettingsEvent;
use crate::{Orgs, model::Settings, policy};

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
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not permit this action.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
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
        let acting = actor.user().ok_or(UpdateSettingsError::NotFound)?;
        let id = command.organization;
        let mut tx = self.ports.store.begin().await?;
        let organization = tx.organizations().lock(id).await?.ok_or(UpdateSettingsError::NotFound)?;
        let role = self.locked_caller(&mut *tx, id, acting).await?.ok_or(UpdateSettingsError::NotFound)?.role;
        if !policy::may_manage(role) {
            return Err(UpdateSettingsError::Forbidden { organization: id });
        }
        let known = tx.documents().find_settings(id).await?;
        let known = known.unwrap_or_else(|| Settings::untouched(&organization));
        // Settings that were never written exist as an empty document in version 0.
        if !command.precondition.holds(Some(known.version)) {
            return Err(UpdateSettingsError::Stale);
        }
        let settings = Settings {
            settings: command.settings,
            version: known.version + 1,
            updated_at: self.ports.clock.now(),
            ..known
        };
        let event = SettingsEvent::Updated { organization: id, version: settings.version };
        tx.documents().save_settings(&settings).await?;
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(settings)
    }
}
