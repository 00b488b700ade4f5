//! Storage of users and sessions.

use async_trait::async_trait;
use tessera_kernel::{
    EmailAddress, Page, PageRequest, SecretHash, SessionId, StoreError, Transaction, UserId, VersionedDocument,
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use crate::{
    model::{Credentials, HashCost, KnownSession, Session, User},
    ports::{
        CustomDataRows, DeviceTokens, EmailProofs, FactorRows, InterruptedOperations, KnownDevices, Passkeys,
        PasswordResetRows, PendingRegistrations, Sessions, Users, Wallets, WrongPasswords,
    },
};

/// Data that a password check requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordCheckContext {
    /// The costs of all stored password hashes, in ascending order. Costs that no account has any more may be included.
    pub costs: Vec<HashCost>,
    /// Whether the user has signed in from the device before.
    pub known_device: bool,
    /// Whether the user has signed in from the network within [`KNOWN_NETWORK_DAYS`](crate::ports::KNOWN_NETWORK_DAYS).
    pub known_network: bool,
    /// Whether the device token is one of the user and has not expired.
    pub known_device_token: bool,
    /// How many wrong passwords were sent for the user since the last correct one.
    pub wrong_passwords: u64,
    /// The time by the storage clock.
    pub at: OffsetDateTime,
}

/// Hashes of what identifies the client of a request, as they are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestHashes {
    /// The device, hashed as for [`KnownDevices::record`].
    pub device: Option<SecretHash>,
    /// The network, hashed as for [`KnownDevices::record_network`].
    pub network: Option<SecretHash>,
    /// The device token, hashed as for [`DeviceTokens`].
    pub device_token: Option<SecretHash>,
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

    /// Returns the data that a password check requires. `user` is who may know what `request` identifies. The same data are
    /// read whether the user exists or not, and whether a hash is there or not.
    async fn password_check_context(
        &self,
        user: UserId,
        request: RequestHashes,
    ) -> Result<PasswordCheckContext, StoreError>;

    /// Deletes the costs of password hashes that no account has any more. Returns their number. A cost whose first hash
    /// is being stored at the same time stays.
    async fn delete_unused_hash_costs(&self) -> Result<u64, StoreError>;

    /// Finds a session in any state, with the time of the read by the storage clock. Returns `Ok(None)` if there is
    /// none. One statement with one indexed read, because every request of a user runs it.
    async fn find_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError>;

    /// Does the same as [`find_session`](Self::find_session), without a value that a node has read before.
    async fn reread_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError>;

    /// Finds the session with that hash as the family of its refresh tokens, in any state, as storage has it now.
    /// Returns `Ok(None)` if there is none.
    async fn find_refreshed(&self, family: SecretHash) -> Result<Option<KnownSession>, StoreError>;

    /// Writes the refresh tokens, the expiry, the last use and the address of a session that was refreshed, if the
    /// generation of its newest token is still `from`, and the session is live at its new `last_used_at`. Returns
    /// `Ok(false)` and changes nothing otherwise. One statement, so that of concurrent calls with one `from` only one
    /// returns `Ok(true)`.
    async fn rotate_refresh(&self, refreshed: &Session, from: u32) -> Result<bool, StoreError>;

    /// Returns the sessions of a user that are live at `now`, in ascending order of their ids.
    async fn list_live_sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError>;

    /// Returns the custom data of a user. Returns `Ok(None)` if there are none.
    async fn find_custom_data(&self, user: UserId) -> Result<Option<VersionedDocument>, StoreError>;
}

/// A transaction. Dropping it without a commit rolls it back.
pub trait IdentityTransaction: Transaction {
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

    /// Returns the device tokens in this transaction.
    fn device_tokens(&mut self) -> &mut dyn DeviceTokens;

    /// Returns the numbers of wrong passwords in this transaction.
    fn wrong_passwords(&mut self) -> &mut dyn WrongPasswords;
    /// Returns the proofs and changes of addresses in this transaction.
    fn email_proofs(&mut self) -> &mut dyn EmailProofs;

    /// Returns the pending registrations in this transaction.
    fn pending_registrations(&mut self) -> &mut dyn PendingRegistrations;
    /// Returns the passkeys in this transaction.
    fn passkeys(&mut self) -> &mut dyn Passkeys;
    /// Returns the second factors in this transaction.
    fn factors(&mut self) -> &mut dyn FactorRows;

    /// Returns the interrupted operations in this transaction.
    fn interrupted_operations(&mut self) -> &mut dyn InterruptedOperations;

    /// Returns the outbox in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;
}
