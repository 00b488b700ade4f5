//! Where keys are kept.

use async_trait::async_trait;
use tessera_kernel::{
    ApiKeyId, ApplicationId, EmailAddress, EventLog, OrganizationId, Outbox, Page, PageRequest, SecretHash, StoreError,
    UserId,
};
use time::OffsetDateTime;

use crate::model::{ApiKey, StoredKey};

/// The storage of this domain: single reads, the batch of uses, and transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Opens a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError>;

    /// The key with that hash, whatever its state, and the time of the read by the clock of the storage. `Ok(None)` when there
    /// is none. One statement, and one indexed read: every use of a key does it.
    async fn find_key_by_hash(&self, hash: &SecretHash) -> Result<Option<(StoredKey, OffsetDateTime)>, StoreError>;

    /// The key. `Ok(None)` when there is none.
    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// The keys of an application, revoked ones too, in ascending order of their id. Empty when it does not exist.
    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError>;

    /// Notes when keys last served, all of them or none. Touches `last_used` only and never sets it back; a key that is
    /// gone is passed over. A caller passes at most [`ROWS_PER_STEP`](tessera_kernel::ROWS_PER_STEP) uses, in ascending
    /// order of the keys.
    async fn record_uses(&self, uses: &[(ApiKeyId, OffsetDateTime)]) -> Result<(), StoreError>;
}

/// A transaction. What is not committed never happened; dropping it rolls back.
#[async_trait]
pub trait ApiKeyTransaction: Send {
    /// Keys, in this transaction.
    fn keys(&mut self) -> &mut dyn ApiKeyRows;

    /// The outbox, in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;

    /// The audit trail, in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Makes all of it durable and visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// How many keys there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCounts {
    /// Keys of the application that are neither revoked nor expired.
    pub active: u64,
    /// Keys of all applications of the organization, revoked and expired ones included.
    pub in_organization: u64,
}

/// Keys.
#[async_trait]
pub trait ApiKeyRows: Send {
    /// Locks an organization until the transaction ends, and counts its keys and the active ones of one of its
    /// applications. `Ok(None)` when there is no such organization. Of two transactions that do this for one
    /// organization, the second waits and counts what the first has committed. The cost does not depend on how many keys
    /// are revoked.
    async fn lock_and_count(
        &mut self,
        organization: OrganizationId,
        application: ApplicationId,
        at: OffsetDateTime,
    ) -> Result<Option<KeyCounts>, StoreError>;

    /// Adds a key. Conflict on [`StoreError::REFERENCE`] when there is no such application, on `api_keys_key_hash` when the
    /// hash is known, on `api_keys_id` when the id is taken.
    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError>;

    /// The address of somebody who makes a key. `Ok(None)` when they have none, or do not exist.
    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError>;

    /// Revokes an active key. `Ok(false)`, and nothing changes, when it was revoked before or never was.
    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError>;
}
