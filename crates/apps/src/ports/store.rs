//! The storage port of applications.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, OrganizationId, Page, PageRequest, StoreError, Transaction};

use crate::model::Application;

/// The storage of this domain: single reads, and transactions.
#[async_trait]
pub trait AppStore: Send + Sync {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn AppTransaction>, StoreError>;

    /// Returns the application. `Ok(None)` if it does not exist.
    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>, StoreError>;

    /// Returns the applications of an organization, in ascending order of their ids. Empty if the organization does not
    /// exist.
    async fn list_applications(
        &self,
        organization: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<Application>, StoreError>;

    /// Removes up to `most` rows of deleted applications, in the order of their deletion, and returns the number of
    /// removed rows. It is less than `most` only if no row is left. The application itself counts as a row and is
    /// removed last. Each call is one short transaction. Rows that another node is removing are skipped.
    async fn clear_deleted(&self, most: u32) -> Result<u64, StoreError>;
}

/// A transaction. Nothing takes effect before the commit. Dropping the transaction rolls it back.
pub trait AppTransaction: Transaction {
    /// The applications, in this transaction.
    fn applications(&mut self) -> &mut dyn Applications;
}

/// The applications in a transaction. For each method, a deleted application does not exist.
#[async_trait]
pub trait Applications: Send {
    /// Adds an application. The redirect URIs keep their order. Fails with a conflict on [`StoreError::REFERENCE`] if
    /// the organization does not exist, and on `applications_id` if the id is taken, also by a deleted application whose
    /// rows are not removed yet.
    async fn insert(&mut self, application: &Application) -> Result<(), StoreError>;

    /// Locks an organization until the transaction ends, and returns the number of its applications. `Ok(None)` if the
    /// organization does not exist. Of two transactions that lock the same organization, the second waits and counts
    /// what the first has committed.
    async fn lock_and_count(&mut self, of: OrganizationId) -> Result<Option<u64>, StoreError>;

    /// Returns an application and locks it against changes until the transaction ends. `Ok(None)` if it does not exist.
    async fn lock(&mut self, id: ApplicationId) -> Result<Option<Application>, StoreError>;

    /// Writes name, description, redirect URIs, permissions and `updated_at`. `Ok(false)` if the application does not exist.
    async fn update(&mut self, application: &Application) -> Result<bool, StoreError>;

    /// Deletes an application with its keys, its items and its pending sign-ins. After the commit, no read finds any of
    /// them. The rows stay, and keep their ids, until [`AppStore::clear_deleted`] removes them. The call therefore
    /// takes the same time for every application. `Ok(false)` if the application does not exist.
    async fn delete(&mut self, id: ApplicationId) -> Result<bool, StoreError>;
}
