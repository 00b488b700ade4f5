//! An administrator replaces the organization's settings.

use tessera_kernel::{Actor, DataDocument, OrganizationId, Precondition, StoreError};

use crate::{Orgs, events::OrgEvent, model::Settings, policy};

/// The settings to be.
#[derive(Debug)]
pub struct UpdateSettings {
    /// Whose.
    pub organization: OrganizationId,
    /// In place of all there were.
    pub settings: DataDocument,
    /// What they must be until now.
    pub precondition: Precondition,
}

/// The settings stay as they were.
#[derive(Debug, thiserror::Error)]
pub enum UpdateSettingsError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not reach for this.
    #[error("your role does not allow this")]
    Forbidden {
        /// Whose administrators may learn that it was tried.
        organization: OrganizationId,
    },
    /// They are not what the caller took for granted.
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
    /// See [`UpdateSettingsError`].
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
        // Settings that nobody has set are there too: they are empty, in version 0.
        if !command.precondition.holds(Some(known.version)) {
            return Err(UpdateSettingsError::Stale);
        }
        let settings = Settings {
            settings: command.settings,
            version: known.version + 1,
            updated_at: self.ports.clock.now(),
            ..known
        };
        let event = OrgEvent::SettingsUpdated { organization: id, version: settings.version };
        tx.documents().save_settings(&settings).await?;
        tx.events().append(&self.event(actor, event)).await?;
        tx.commit().await?;
        Ok(settings)
    }
}
