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

    /// Removes up to `most` rows of deleted applications, those deleted first before others, and returns how many it
    /// removed: fewer than `most` only if none was left. An application itself counts as a row and is removed last. Each
    /// call is one short transaction. Rows that another node is removing are skipped.
    async fn clear_deleted(&self, most: u32) -> Result<u64, StoreError>;
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

/// Applications. A deleted one does not exist for any method.
#[async_trait]
pub trait Applications: Send {
    /// Adds an application. Conflict on [`StoreError::REFERENCE`] when there is no such organization, on
    /// `applications_id` when the id is taken.
    async fn insert(&mut self, application: &Application) -> Result<(), StoreError>;

    /// Locks an organization until the transaction ends, and returns the number of its applications. `Ok(None)` when there
    /// is no such organization. Of two transactions that do this for one organization, the second waits and counts what
    /// the first has committed.
    async fn lock_and_count(&mut self, of: OrganizationId) -> Result<Option<u64>, StoreError>;

    /// Reads an application and keeps others from changing it until the transaction ends. `Ok(None)` when there is none.
    async fn lock(&mut self, id: ApplicationId) -> Result<Option<Application>, StoreError>;

    /// Writes name, description, redirect URIs and `updated_at`. `Ok(false)` when there is no such application.
    async fn update(&mut self, application: &Application) -> Result<bool, StoreError>;

    /// Deletes an application with everything in it: its keys, its items and the sign-ins for it. Nobody finds any of it
    /// from the commit on. The rows stay, and keep their ids, until [`AppStore::clear_deleted`] removes them, so this takes
    /// the same time for every application. `Ok(false)` when there is none.
    async fn delete(&mut self, id: ApplicationId) -> Result<bool, StoreError>;
}
