//! Writing settings and system data.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, StoreError, UserId};

use crate::model::{Settings, SystemData};

/// Settings and system data. Whoever changes them holds the organization's lock, so that no change is lost.
#[async_trait]
pub trait OrgDocuments: Send {
    /// The settings. `Ok(None)` when there are none.
    async fn find_settings(&mut self, id: OrganizationId) -> Result<Option<Settings>, StoreError>;

    /// Writes settings, in place of those there were. Conflict on [`StoreError::REFERENCE`] when there is no such
    /// organization.
    async fn save_settings(&mut self, settings: &Settings) -> Result<(), StoreError>;

    /// The data of a user. `Ok(None)` when there are none.
    async fn find_system_data(&mut self, id: OrganizationId, user: UserId) -> Result<Option<SystemData>, StoreError>;

    /// Writes the data of a user, in place of those there were, whose time of making stays. Conflict on
    /// [`StoreError::REFERENCE`] when there is no such organization or user.
    async fn save_system_data(&mut self, data: &SystemData) -> Result<(), StoreError>;
}
