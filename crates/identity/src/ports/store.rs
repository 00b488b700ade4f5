//! Where users and sessions are kept.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, EventLog, Outbox, Page, PageRequest, SecretHash, SessionId, StoreError, UserId};
use time::OffsetDateTime;

use super::{KnownDevices, PasswordResetRows};
use crate::model::{
    Credentials, CustomData, HashCost, KnownSession, PasswordHash, Session, User, Wallet, WalletAddress,
};

/// What has to be known before a password is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordCheckContext {
    /// The costs of all stored password hashes, in order. Costs that no account has any more may be among them.
    pub costs: Vec<HashCost>,
    /// Whether the user has signed in with the device before.
    pub known_device: bool,
    /// The time by the clock of the storage.
    pub at: OffsetDateTime,
}

/// The storage of this domain: single reads, and transactions.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Opens a transaction that may write.
    async fn begin(&self) -> Result<Box<dyn IdentityTransaction>, StoreError>;

    /// The user, with their wallets in the order of linking. `Ok(None)` when there is none.
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user with that address, in whatever case it is written, with their wallets, and their password hash.
    /// `Ok(None)` when there is none.
    async fn find_credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// The user and their password hash. `Ok(None)` when there is none.
    async fn find_credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// What has to be known before a password is compared. `device` is what the request came with, as
    /// [`KnownDevices::meet`] keeps it, and the user that it may be known of. What is read does not depend on whether there
    /// is such a user.
    async fn password_check_context(
        &self,
        device: Option<(UserId, SecretHash)>,
    ) -> Result<PasswordCheckContext, StoreError>;

    /// Forgets the costs of password hashes that no account has any more, and says how many. A cost whose first hash is
    /// being stored meanwhile stays.
    async fn forget_unused_hash_costs(&self) -> Result<u64, StoreError>;

    /// The session, open or not, and the time of the read by the clock of the storage. `Ok(None)` when there is none. One
    /// statement, and one indexed read: every request of a user does it.
    async fn find_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError>;

    /// The sessions of a user that are live at `now`, in the order of their ids.
    async fn list_live_sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError>;

    /// The data that a user keeps. `Ok(None)` when there are none.
    async fn find_custom_data(&self, user: UserId) -> Result<Option<CustomData>, StoreError>;
}

/// A transaction. What is not committed never happened; dropping it rolls back.
#[async_trait]
pub trait IdentityTransaction: Send {
    /// Users, in this transaction.
    fn users(&mut self) -> &mut dyn Users;

    /// Wallets, in this transaction.
    fn wallets(&mut self) -> &mut dyn Wallets;

    /// Sessions, in this transaction.
    fn sessions(&mut self) -> &mut dyn Sessions;

    /// With what users have signed in, in this transaction.
    fn known_devices(&mut self) -> &mut dyn KnownDevices;

    /// The data that users keep, in this transaction.
    fn custom_data(&mut self) -> &mut dyn CustomDataRows;

    /// Wishes for new passwords and the tokens that set them, in this transaction.
    fn password_resets(&mut self) -> &mut dyn PasswordResetRows;

    /// The outbox, in this transaction.
    fn outbox(&mut self) -> &mut dyn Outbox;

    /// The audit trail, in this transaction.
    fn events(&mut self) -> &mut dyn EventLog;

    /// Makes all of it durable and visible at once.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Users.
#[async_trait]
pub trait Users: Send {
    /// Adds a user, without their wallets: [`Wallets`] adds those. The cost of the hash is noted for
    /// [`IdentityStore::password_check_context`]. Conflict on `users_email_canonical` when the address is taken in whatever case, on `users_id` when the id is.
    async fn insert(&mut self, user: &User, password_hash: Option<&PasswordHash>) -> Result<(), StoreError>;

    /// Reads a user, with their wallets, and keeps others from changing either until the transaction ends. `Ok(None)` when there is none.
    async fn lock(&mut self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// The same for the user with that address, in whatever case it is written.
    async fn lock_by_email(&mut self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// Replaces names, picture and time of change; all else stays. `Ok(false)` when there is no such user.
    async fn update_profile(&mut self, user: &User) -> Result<bool, StoreError>;

    /// Notes that the address is proved, and the time of that change. `Ok(false)`, and nothing changes, when it was
    /// proved before, or when there is no address or no such user.
    async fn verify_email(&mut self, id: UserId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Replaces the password hash, and notes its cost for [`IdentityStore::password_check_context`]. `Ok(false)` when
    /// there is no such user.
    async fn set_password_hash(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError>;
}

/// Sessions.
#[async_trait]
pub trait Sessions: Send {
    /// Adds a session. Conflict on [`StoreError::REFERENCE`] when there is no such user, on `sessions_id` when the id is taken.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;

    /// Adds a session if the hash of its user's password is still that one, and keeps others from changing the user until
    /// the transaction ends. `Ok(false)`, and nothing is added, when it is another one, or when there is none or no such
    /// user. Conflict on `sessions_id` when the id is taken. One statement: each sign-in with a password does it.
    async fn insert_for(&mut self, session: &Session, hash: &PasswordHash) -> Result<bool, StoreError>;

    /// Whether a session of that user is live at `at`. Whoever holds the lock on the user knows by it that they have not
    /// ended all of theirs meanwhile.
    async fn is_live(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends a session of that user which is live at `at`. `Ok(false)`, and nothing changes, when it had ended or expired, is
    /// somebody else's, or never was.
    async fn end(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Ends sessions of a user that are live at `at`, so that `most` are left, `keep` among them, and returns how many it
    /// ended. The least recently used end first; of those that were last used at one time, the one that began first. `most`
    /// is at least 1. The caller holds the lock on the user.
    async fn end_least_recently_used(
        &mut self,
        user: UserId,
        keep: SessionId,
        most: u64,
        at: OffsetDateTime,
    ) -> Result<u64, StoreError>;

    /// Ends all sessions of a user that are live at `at`, but that one, if one is to stay, and tells how many. Sessions that
    /// begin later are not among them: whoever wants none of those either holds the lock on the user.
    async fn end_all(&mut self, user: UserId, but: Option<SessionId>, at: OffsetDateTime) -> Result<u64, StoreError>;
}

/// The data that users keep. Whoever changes them holds the lock on their user, so that no change is lost.
#[async_trait]
pub trait CustomDataRows: Send {
    /// The data of a user. `Ok(None)` when there are none.
    async fn find(&mut self, user: UserId) -> Result<Option<CustomData>, StoreError>;

    /// Writes the data of a user, in place of those there were, whose time of making stays. Conflict on
    /// [`StoreError::REFERENCE`] when there is no such user.
    async fn save(&mut self, data: &CustomData) -> Result<(), StoreError>;
}

/// Wallets of users.
#[async_trait]
pub trait Wallets: Send {
    /// Adds a wallet to a user's. Conflict on `wallets_namespace_address` when somebody has the address on whatever chain, on
    /// [`StoreError::REFERENCE`] when there is no such user.
    async fn insert(&mut self, user: UserId, wallet: &Wallet) -> Result<(), StoreError>;

    /// Whose wallet it is. `Ok(None)` when it is nobody's.
    async fn find_holder(&mut self, address: &WalletAddress) -> Result<Option<UserId>, StoreError>;

    /// Takes a wallet from that user. `Ok(false)`, and nothing changes, when it is not theirs.
    async fn delete(&mut self, user: UserId, address: &WalletAddress) -> Result<bool, StoreError>;
}
