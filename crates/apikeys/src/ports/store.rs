//! The storage port of API keys.

use async_trait::async_trait;
use tessera_kernel::{
    ApiKeyId, ApplicationId, EmailAddress, OrganizationId, Page, PageRequest, PermissionSet, SecretHash, StoreError,
    Transaction, UserId,
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use crate::model::{ApiKey, StoredKey};

/// The storage of this domain: single reads, batched writes of key usage, and transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError>;

    /// Returns the key with that hash, in any state, and the time of the read by the clock of the storage. `Ok(None)`
    /// if there is none. It must be one statement with one indexed read, because every use of a key calls it.
    async fn find_key_by_hash(&self, hash: &SecretHash) -> Result<Option<(StoredKey, OffsetDateTime)>, StoreError>;

    /// Returns the key. `Ok(None)` if it does not exist.
    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Returns the keys of an application, including revoked ones, in ascending order of their ids. Empty if the
    /// application does not exist.
    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError>;

    /// Records when keys were last used, for all of them or for none. It changes `last_used` only, never to an earlier
    /// time, and ignores keys that do not exist. It also records uses of revoked keys. A caller passes at most
    /// [`ROWS_PER_STEP`](tessera_kernel::ROWS_PER_STEP) uses, in ascending order of the keys. Concurrent batches and
    /// revocations wait for each other and do not fail.
    async fn record_uses(&self, uses: &[(ApiKeyId, OffsetDateTime)]) -> Result<(), StoreError>;
}

/// A transaction. Nothing takes effect before the commit. Dropping the transaction rolls it back.
pub trait ApiKeyTransaction: Transaction {
    /// The keys, in this transaction.
    fn keys(&mut self) -> &mut dyn ApiKeyRows;

    /// The outbox, in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;
}

/// The numbers of keys that quotas limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCounts {
    /// The keys of the application that are neither revoked nor expired.
    pub active: u64,
    /// The keys of all applications of the organization, including revoked and expired ones. Keys of deleted
    /// applications do not count.
    pub in_organization: u64,
}

/// The keys in a transaction.
#[async_trait]
pub trait ApiKeyRows: Send {
    /// Locks an organization until the transaction ends, and counts its keys and the active keys of one of its
    /// applications. `Ok(None)` if the organization does not exist. Of two transactions that lock the same
    /// organization, the second waits and counts what the first has committed. The cost does not depend on the number
    /// of revoked keys.
    async fn lock_and_count(
        &mut self,
        organization: OrganizationId,
        application: ApplicationId,
        at: OffsetDateTime,
    ) -> Result<Option<KeyCounts>, StoreError>;

    /// Returns the permissions that the application declares. Empty if it declares none or does not exist.
    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError>;

    /// Adds a key. Fails with a conflict on [`StoreError::REFERENCE`] if the application does not exist, on
    /// `api_keys_key_hash` if the hash exists, and on `api_keys_id` if the id is taken.
    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError>;

    /// Returns the email address of a user. `Ok(None)` if the user has none or does not exist.
    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError>;

    /// Revokes an active key. Returns `Ok(false)`, and changes nothing, if the key is already revoked or does not
    /// exist.
    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError>;
}
