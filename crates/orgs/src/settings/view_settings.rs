//! Reads of an organization's settings.

use tessera_kernel::{Actor, OrganizationId, StoreError};

use crate::{Orgs, model::Settings, policy};

/// Why the read failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewSettingsError {
    /// The organization does not exist, or the actor is no member.
    #[error("there is no such organization")]
    NotFound,
    /// The actor's role does not permit this action.
    #[error("your role does not allow this")]
    Forbidden {
        /// The organization whose audit trail records the denied attempt.
        organization: OrganizationId,
    },
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Orgs {
    /// Returns the settings of an organization. They are empty if nothing was set.
    ///
    /// # Errors
    /// Fails when the actor may not read the settings, or storage fails.
    pub async fn view_settings(&self, actor: &Actor, id: OrganizationId) -> Result<Settings, ViewSettingsError> {
        let user = actor.user().ok_or(ViewSettingsError::NotFound)?;
        let found = self.ports.store.find_organization(id, user).await?;
        let (organization, own) = found.ok_or(ViewSettingsError::NotFound)?;
        self.open_organization(&own).await?;
        if !policy::may_manage(own.role) {
            return Err(ViewSettingsError::Forbidden { organization: id });
        }
        let settings = self.ports.store.find_settings(id).await?;
        Ok(settings.unwrap_or_else(|| Settings::untouched(&organization)))
    }
}
