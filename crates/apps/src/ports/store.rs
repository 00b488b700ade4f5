//! Where applications are kept.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, EventLog, OrganizationId, Page, PageRequest, StoreError};

use crate::model::Application;

/// The storage of this domain: single reads, and transactions.
#[async_trait]
pub trait AppStore: Send + Sync {
    /// Opens a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn AppTransaction>, StoreError>;

    /// The application. `Ok(None)` when there is none.
    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError>;

    /// The applications of an organization, in ascending order of their id. Empty when it does not exist.
    async fn list_applications(
        &self,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Application>, StoreError>;
}

/// A transaction. What is not committed never happened; dropping it rolls back.
#[async_trait]
pub trait AppTransaction: Send {
    /// Applications, in this transaction.
    fn applications(&mut self) -> &mut dyn Applications;

    /// The audit trail, in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Makes all of it durable and visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Applications.
#[async_trait]
pub trait Applications: Send {
    /// Adds an application. Conflict on [`StoreError::REFERENCE`] when there is no such organization, on
    /// `applications_id` when the id is taken.
    async fn insert(&mut self, application: &Application) -> Result<(), StoreError>;

    /// Reads an application and keeps others from changing it until the transaction ends. `Ok(None)` when there is none.
    async fn lock(&mut self, id: ApplicationId) -> Result<Option<Application>, StoreError>;

    /// Writes name, description, redirect URIs and `updated_at`. `Ok(false)` when there is no such application.
    async fn update(&mut self, application: &Application) -> Result<bool, StoreError>;

    /// Removes an application with everything that hangs on it: its keys and its inventory. `Ok(false)` when there is none.
    async fn delete(&mut self, id: ApplicationId) -> Result<bool, StoreError>;
}
