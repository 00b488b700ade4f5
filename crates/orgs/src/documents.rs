//! Storage of settings and system data.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, StoreError, UserId};

use crate::model::{Settings, SystemData};

/// Settings and system data, in a transaction. A caller that changes them must hold the lock on the organization, so
/// that no change is lost.
#[async_trait]
pub trait OrgDocuments: Send {
    /// Returns the settings of an organization. Returns `Ok(None)` if there are none.
    async fn find_settings(&mut self, id: OrganizationId) -> Result<Option<Settings>, StoreError>;

    /// Stores settings and replaces the earlier ones. Fails with a conflict on [`StoreError::REFERENCE`] if the
    /// organization does not exist.
    async fn save_settings(&mut self, settings: &Settings) -> Result<(), StoreError>;

    /// Returns the data of a user. Returns `Ok(None)` if there are none.
    async fn find_system_data(&mut self, id: OrganizationId, user: UserId) -> Result<Option<SystemData>, StoreError>;

    /// Stores the data of a user and replaces the earlier data. The creation time of the earlier data stays. Fails with
    /// a conflict on [`StoreError::REFERENCE`] if the organization or the user does not exist.
    async fn save_system_data(&mut self, data: &SystemData) -> Result<(), StoreError>;
}
