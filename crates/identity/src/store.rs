//! Storage of users and sessions.

use async_trait::async_trait;
use tessera_kernel::{
    EmailAddress, EventLog, Outbox, Page, PageRequest, SecretHash, SessionId, StoreError, UserId, WalletAddress,
};
use time::OffsetDateTime;

use super::{KnownDevices, PasswordResetRows};
use crate::model::{Credentials, CustomData, HashCost, KnownSession, PasswordHash, Session, User, Wallet};

/// Data that a password check requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordCheckContext {
    /// The costs of all stored password hashes, in ascending order. Costs that no account has any more may be included.
    pub costs: Vec<HashCost>,
    /// Whether the user has signed in from the device before.
    pub known_device: bool,
    /// The time by the storage clock.
    pub at: OffsetDateTime,
}

/// Storage of users and sessions: single reads, and transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Begins a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn IdentityTransaction>, StoreError>;

    /// Finds a user, with the wallets in the order in which they were linked. Returns `Ok(None)` if there is none.
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// Finds the user with that address, with wallets and password hash. The comparison ignores case. Returns
    /// `Ok(None)` if there is none.
    async fn find_credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// Finds a user, with wallets and password hash. Returns `Ok(None)` if there is none.
    async fn find_credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// Returns the data that a password check requires. `device` is the device of the request, hashed as for
    /// [`KnownDevices::record`], and the user to whom it may be known. The same data are read whether the user exists
    /// or not.
    async fn password_check_context(
        &self,
        device: Option<(UserId, SecretHash)>,
    ) -> Result<PasswordCheckContext, StoreError>;

    /// Deletes the costs of password hashes that no account has any more. Returns their number. A cost whose first hash
    /// is being stored at the same time stays.
    async fn forget_unused_hash_costs(&self) -> Result<u64, StoreError>;

    /// Finds a session in any state, with the time of the read by the storage clock. Returns `Ok(None)` if there is
    /// none. One statement with one indexed read, because every request of a user runs it.
    async fn find_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError>;

    /// Returns the sessions of a user that are live at `now`, in ascending order of their ids.
    async fn list_live_sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError>;

    /// Returns the custom data of a user. Returns `Ok(None)` if there are none.
    async fn find_custom_data(&self, user: UserId) -> Result<Option<CustomData>, StoreError>;
}

/// A transaction. Dropping it without a commit rolls it back.
#[async_trait]
pub trait IdentityTransaction: Send {
    /// Returns the users in this transaction.
    fn users(&mut self) -> &mut dyn Users;

    /// Returns the wallets in this transaction.
    fn wallets(&mut self) -> &mut dyn Wallets;

    /// Returns the sessions in this transaction.
    fn sessions(&mut self) -> &mut dyn Sessions;

    /// Returns the known devices in this transaction.
    fn known_devices(&mut self) -> &mut dyn KnownDevices;

    /// Returns the custom data in this transaction.
    fn custom_data(&mut self) -> &mut dyn CustomDataRows;

    /// Returns the password reset requests and reset tokens in this transaction.
    fn password_resets(&mut self) -> &mut dyn PasswordResetRows;

    /// Returns the outbox in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;

    /// Returns the audit trail in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Commits all changes atomically.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Users, in a transaction.
#[async_trait]
pub trait Users: Send {
    /// Inserts a user without wallets, which [`Wallets`] inserts. Records the cost of the hash for
    /// [`IdentityStore::password_check_context`]. Fails with a conflict on `users_email_canonical` if the address is
    /// taken in any case of letters, and on `users_id` if the id exists.
    async fn insert(&mut self, user: &User, password_hash: Option<&PasswordHash>) -> Result<(), StoreError>;

    /// Reads and locks a user and the wallets until the transaction ends. Other transactions cannot change either.
    /// Returns `Ok(None)` if there is none.
    async fn lock(&mut self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// Does the same as [`lock`](Self::lock) for the user with that address. The comparison ignores case.
    async fn lock_by_email(&mut self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// Replaces the names, the avatar and the time of the last change. Nothing else changes. Returns `Ok(false)` if the
    /// user does not exist.
    async fn update_profile(&mut self, user: &User) -> Result<bool, StoreError>;

    /// Marks the address as verified, and records `at` as the time of the last change. Returns `Ok(false)` and changes
    /// nothing if the address is already verified, or the address or the user does not exist.
    async fn verify_email(&mut self, id: UserId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Replaces the password hash, and records its cost for [`IdentityStore::password_check_context`]. Returns
    /// `Ok(false)` if the user does not exist.
    async fn set_password_hash(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError>;
}

/// Sessions, in a transaction.
#[async_trait]
pub trait Sessions: Send {
    /// Inserts a session. Fails with a conflict on [`StoreError::REFERENCE`] if the user does not exist, and on
    /// `sessions_id` if the id exists.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Inserts a session if `hash` is still the password hash of its user, and locks the user against changes until the
    /// transaction ends. Returns `Ok(false)` and inserts nothing if the hash differs, or the hash or the user does not
    /// exist. Fails with a conflict on `sessions_id` if the id exists. One statement, because every sign-in with a
    /// password runs it.
    async fn insert_for(&mut self, session: &Session, hash: &PasswordHash) -> Result<bool, StoreError>;

    /// Returns whether a session of that user is live at `at`. If the caller holds the lock on the user, `true` also
    /// means that no other request has ended all sessions of the user meanwhile.
    async fn is_live(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends a session of that user that is live at `at`. Returns `Ok(false)` and changes nothing if the session has
    /// ended or expired, belongs to another user, or does not exist.
    async fn end(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends sessions of a user that are live at `at`, so that `most` are left, including `keep`. Returns the number of
    /// ended sessions. The least recently used sessions end first. Of sessions with the same last use, the one that
    /// began first ends first. `most` is at least 1. The caller must hold the lock on the user.
    async fn end_least_recently_used(
        &mut self,
        user: UserId,
        keep: SessionId,
        most: u64,
        at: OffsetDateTime,
    ) -> Result<u64, StoreError>;

    /// Ends all sessions of a user that are live at `at`, except `but`. Returns their number. Sessions that begin later
    /// do not end. A caller that must exclude such sessions has to hold the lock on the user.
    async fn end_all(&mut self, user: UserId, but: Option<SessionId>, at: OffsetDateTime) -> Result<u64, StoreError>;
}

/// Custom data of users, in a transaction. A caller that changes them must hold the lock on the user, so that no change
/// is lost.
#[async_trait]
pub trait CustomDataRows: Send {
    /// Returns the custom data of a user. Returns `Ok(None)` if there are none.
    async fn find(&mut self, user: UserId) -> Result<Option<CustomData>, StoreError>;

    /// Stores the custom data of a user and replaces the earlier data. The creation time of the earlier data stays.
    /// Fails with a conflict on [`StoreError::REFERENCE`] if the user does not exist.
    async fn save(&mut self, data: &CustomData) -> Result<(), StoreError>;
}

/// Wallets of users, in a transaction.
#[async_trait]
pub trait Wallets: Send {
    /// Adds a wallet to a user. Fails with a conflict on `wallets_namespace_address` if any user has the address, on
    /// any chain, and on [`StoreError::REFERENCE`] if the user does not exist.
    async fn insert(&mut self, user: UserId, wallet: &Wallet) -> Result<(), StoreError>;

    /// Returns the user of a wallet. Returns `Ok(None)` if no user has it.
    async fn find_holder(&mut self, address: &WalletAddress) -> Result<Option<UserId>, StoreError>;

    /// Removes a wallet from that user. Returns `Ok(false)` and changes nothing if the user does not have it.
    async fn delete(&mut self, user: UserId, address: &WalletAddress) -> Result<bool, StoreError>;
}
