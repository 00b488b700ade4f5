//! Ports of accounts: users in a transaction, and the texts of the mails about accounts.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, StoreError, UserId, WalletAccount, WalletAddress};
use tessera_outbox::{Mail, NoticeContext, NoticeTopic};
use time::OffsetDateTime;

use super::model::{Credentials, User};
use crate::{
    devices::model::Device,
    factors::model::FactorKind,
    passwords::model::{PasswordHash, PasswordReset, ResetToken},
};

/// A change to an account, or a sign-in from a new device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// The account had no password and got its first one.
    PasswordSet,
    /// The password was changed.
    PasswordChanged,
    /// The password was reset with a mailed token.
    PasswordReset {
        /// Whether the account had no password before.
        first: bool,
        /// Number of wallets that the reset unlinked because the email address was not verified before.
        wallets_unlinked: usize,
        /// Whether the reset removed the second factors for the same reason.
        factors_removed: bool,
    },
    /// A wallet was linked.
    WalletLinked(WalletAccount),
    /// A wallet was unlinked.
    WalletUnlinked(WalletAccount),
    /// A user signed in from a new device.
    SignedIn(Device),
    /// A second factor was added.
    FactorAdded(FactorKind),
    /// A second factor was removed.
    FactorRemoved(FactorKind),
    /// All recovery codes were replaced.
    RecoveryCodesReplaced,
    /// A recovery code was used.
    RecoveryCodeUsed {
        /// Number of codes that are left.
        left: u64,
    },
    /// A session has ended because a refresh token was used a second time.
    RefreshReused,
}

impl AccountChange {
    /// Returns the notice topic of the change.
    #[must_use]
    pub const fn topic(&self) -> NoticeTopic {
        match self {
            Self::PasswordSet | Self::PasswordChanged | Self::PasswordReset { .. } => NoticeTopic::Password,
            Self::WalletLinked(_) | Self::WalletUnlinked(_) => NoticeTopic::Wallets,
            Self::SignedIn(_) | Self::RefreshReused => NoticeTopic::SignIns,
            Self::FactorAdded(_)
            | Self::FactorRemoved(_)
            | Self::RecoveryCodesReplaced
            | Self::RecoveryCodeUsed { .. } => NoticeTopic::Factors,
        }
    }
}

/// Writes the mails to account owners.
pub trait AccountMails: Send + Sync {
    /// Returns the mail that reports the change to the account owner. It contains no secret.
    fn account_changed(&self, to: &EmailAddress, change: AccountChange, context: NoticeContext) -> Mail;

    /// Returns the mail that carries the reset token to the address of the account.
    fn password_reset(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail;
}

/// Users, in a transaction.
#[async_trait]
pub trait Users: Send {
    /// Inserts a user without wallets, which [`Wallets`](crate::ports::Wallets) inserts. Records the cost of the hash for
    /// [`IdentityStore::password_check_context`](crate::ports::IdentityStore::password_check_context). Fails with a conflict on `users_email_canonical` if the address is
    /// taken in any case of letters, and on `users_id` if the id exists.
    async fn insert(&mut self, user: &User, password_hash: Option<&PasswordHash>) -> Result<(), StoreError>;

    /// Reads and locks a user and the wallets until the transaction ends. Other transactions cannot change either.
    /// Returns `Ok(None)` if there is none.
    async fn lock(&mut self, id: UserId) -> Result<Option<Credentials>, StoreError>;

    /// Does the same as [`lock`](Self::lock) for the user with that address. The comparison ignores case.
    async fn lock_by_email(&mut self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError>;

    /// Does the same as [`lock`](Self::lock) for the user who has that wallet. The user may have lost the wallet while
    /// this call waited for the lock: the caller compares the wallets of the result.
    async fn lock_by_wallet(&mut self, address: &WalletAddress) -> Result<Option<Credentials>, StoreError>;

    /// Replaces the names, the avatar and the time of the last change. Nothing else changes. Returns `Ok(false)` if the
    /// user does not exist.
    async fn update_profile(&mut self, user: &User) -> Result<bool, StoreError>;

    /// Marks the address as verified, and records `at` as the time of the last change. Returns `Ok(false)` and changes
    /// nothing if the address is already verified, or the address or the user does not exist.
    async fn verify_email(&mut self, id: UserId, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Replaces the password hash, and records its cost for [`IdentityStore::password_check_context`](crate::ports::IdentityStore::password_check_context). Returns
    /// `Ok(false)` if the user does not exist.
    async fn set_password_hash(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError>;
}
