//! The storage port of API keys.

use async_trait::async_trait;
use tessera_kernel::{
    ApiKeyId, ApplicationId, EmailAddress, OrganizationId, Page, PageRequest, PermissionSet, Role, SecretHash,
    ServiceAccountId, StoreError, Transaction, UserId,
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use super::{
    counters::KeyCounters,
    slice::{Slice, SliceRequest},
};
use crate::{
    leaks::model::OrganizationOwner,
    model::{ApiKey, FoundKey, KeyKind, KeyOwner, KeySecret, SecretUse, ServiceAccount, StoredKey},
    service_accounts::ports::ServiceAccounts,
};

/// The storage of this domain: single reads, batched writes of key usage, and transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn ApiKeyTransaction>, StoreError>;

    /// Returns the key of that kind with a secret of that hash, in any state, with the present rights of its owner and the
    /// time of the read by the clock of the storage. `Ok(None)` if there is none, or its application or organization is
    /// deleted. For the present secret of a key, it must be one statement with indexed reads, because every use of a key
    /// calls it. The previous secret is found also after it has expired.
    ///
    /// A personal key belongs to the membership in which it was created: once that membership has ended, its user has
    /// no role, also after the user has joined the organization again.
    async fn find_key_by_hash(&self, kind: KeyKind, hash: &SecretHash) -> Result<Option<FoundKey>, StoreError>;

    /// Returns the key. `Ok(None)` if it does not exist, or its application or organization is deleted.
    async fn find_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError>;

    /// Returns the keys of an application, including revoked ones, in ascending order of their ids. Empty if the
    /// application does not exist.
    async fn list_keys(&self, application: ApplicationId, page: PageRequest) -> Result<Page<ApiKey>, StoreError>;

    /// Returns the organization keys of an organization, or those of one user, including revoked ones, in ascending order
    /// of their ids. Empty if the organization does not exist.
    async fn list_organization_keys(
        &self,
        organization: OrganizationId,
        of: Option<UserId>,
        slice: SliceRequest,
    ) -> Result<Slice<ApiKey>, StoreError>;

    /// Returns a service account of the organization. `Ok(None)` if the organization has none with that id, or does not
    /// exist.
    async fn find_service_account(
        &self,
        organization: OrganizationId,
        id: ServiceAccountId,
    ) -> Result<Option<ServiceAccount>, StoreError>;

    /// Returns the service accounts of an organization, including disabled ones, in ascending order of their ids. Empty
    /// if the organization does not exist.
    async fn list_service_accounts(
        &self,
        organization: OrganizationId,
        slice: SliceRequest,
    ) -> Result<Slice<ServiceAccount>, StoreError>;

    /// Records the last uses of secrets, for all of them or for none. It changes the last use only, never to an earlier
    /// one, and ignores secrets that are neither the present nor the previous one of their key. It also records uses of
    /// revoked keys. A caller passes at most [`ROWS_PER_STEP`](tessera_kernel::ROWS_PER_STEP) uses, in ascending order of
    /// the keys. Concurrent batches and revocations wait for each other and do not fail.
    async fn record_uses(&self, uses: &[SecretUse]) -> Result<(), StoreError>;
}

/// A transaction. Nothing takes effect before the commit. Dropping the transaction rolls it back.
pub trait ApiKeyTransaction: Transaction {
    /// The keys, in this transaction.
    fn keys(&mut self) -> &mut dyn ApiKeyRows;

    /// The counters of the limits of keys, in this transaction.
    fn counters(&mut self) -> &mut dyn KeyCounters;

    /// The service accounts, in this transaction.
    fn service_accounts(&mut self) -> &mut dyn ServiceAccounts;

    /// The outbox, in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;
}

/// The numbers of keys that quotas limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCounts {
    /// The keys of the owner in the organization that are neither revoked nor expired. Personal keys of an ended
    /// membership do not count.
    pub active: u64,
    /// The keys of all service accounts and applications of the organization, including revoked and expired ones. Keys of
    /// deleted applications do not count. Personal keys do not count either, so that no member can use up the quota of the
    /// others.
    pub in_organization: u64,
}

/// The keys in a transaction.
#[async_trait]
pub trait ApiKeyRows: Send {
    /// Locks an organization until the transaction ends. `Ok(false)` if it does not exist. Of two transactions that lock
    /// the same organization, the second waits.
    async fn lock(&mut self, organization: OrganizationId) -> Result<bool, StoreError>;

    /// Counts the keys of an organization and the active keys of one owner in it. Both are 0 if the organization does not
    /// exist. The caller holds the lock on the organization, so that no other transaction adds a key before the commit.
    /// The cost does not depend on the number of revoked keys.
    async fn count(
        &mut self,
        organization: OrganizationId,
        owner: KeyOwner,
        at: OffsetDateTime,
    ) -> Result<KeyCounts, StoreError>;

    /// Returns the role of a user in an organization. `Ok(None)` if the user is not a member or the organization does not
    /// exist. In a transaction that holds the lock on the organization, the role stays until the commit.
    async fn role_of(&mut self, organization: OrganizationId, user: UserId) -> Result<Option<Role>, StoreError>;

    /// Returns the permissions that the application declares. Empty if it declares none or does not exist.
    async fn declared_permissions(&mut self, application: ApplicationId) -> Result<PermissionSet, StoreError>;

    /// Adds a key. Fails with a conflict on [`StoreError::REFERENCE`] if the application or the organization does not
    /// exist, or the user of a personal key is not a member of the organization, on `api_keys_key_hash` if the hash exists, and on `api_keys_id` if the id is taken.
    /// A new key has no previous secret.
    async fn insert(&mut self, key: &StoredKey) -> Result<(), StoreError>;

    /// Locks a key until the transaction ends, and returns it with the time by the clock of the storage. `Ok(None)` if it
    /// does not exist, or its application or organization is deleted. Everything that changes the key or its remaining uses
    /// waits.
    async fn lock_key(&mut self, id: ApiKeyId) -> Result<Option<(ApiKey, OffsetDateTime)>, StoreError>;

    /// Replaces the description, the permissions and the restrictions of a key that is not revoked, and whether it is
    /// disabled. Everything else stays. Limits that keep their name keep their counter, and the counters of the others end.
    /// Returns `Ok(false)`, and changes nothing, if the key is revoked or does not exist. The caller has locked it.
    async fn update(&mut self, key: &ApiKey) -> Result<bool, StoreError>;

    /// Replaces the secret of a key that is not revoked. The present secret becomes the previous one, which is valid until
    /// `previous_expires_at`, and the one before is removed. Returns `Ok(false)`, and changes nothing, if the key is
    /// revoked or does not exist. Fails with a conflict on `api_keys_key_hash` if a key has the hash. The caller has locked
    /// the key.
    async fn rotate(
        &mut self,
        id: ApiKeyId,
        secret: &KeySecret,
        previous_expires_at: OffsetDateTime,
    ) -> Result<bool, StoreError>;

    /// Makes the previous secret of a key expire at a time. Returns `Ok(false)`, and changes nothing, if it expires
    /// earlier or there is none.
    async fn end_previous_secret(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Returns the email address of a user. `Ok(None)` if the user has none or does not exist.
    async fn address_of(&mut self, user: UserId) -> Result<Option<EmailAddress>, StoreError>;

    /// Returns the owners of an organization who have an email address, in ascending order of their user ids. Empty if
    /// the organization does not exist.
    async fn owners(&mut self, organization: OrganizationId) -> Result<Vec<OrganizationOwner>, StoreError>;

    /// Revokes an active key. Returns `Ok(false)`, and changes nothing, if the key is already revoked or does not
    /// exist.
    async fn revoke(&mut self, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError>;
}
