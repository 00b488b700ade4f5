//! Ports of accounts: users in a transaction, and the texts of the mails about accounts.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, StoreError, UserId, WalletAccount, WalletAddress};
use tessera_outbox::{Mail, NoticeContext, NoticeTopic};
use time::OffsetDateTime;

use super::model::{Credentials, User};
use crate::{
    addresses::model::{VerificationCode, VerificationToken},
    devices::model::Device,
    factors::model::FactorKind,
    passwords::model::{PasswordHash, PasswordReset, ResetToken},
};

/// A change to an account, a sign-in from a new device, or an attack on it.
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
        /// Number of passkeys that the reset removed for the same reason.
        passkeys_removed: usize,
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
    /// Many wrong passwords were sent without a correct one.
    ManyWrongPasswords {
        /// Wrong passwords since the last correct one, or since the last such mail.
        number: u64,
    },
    /// The address was changed.
    EmailChanged {
        /// Whether the notice goes to the address that the account had before.
        to_old: bool,
    },
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
}

impl AccountChange {
    /// Returns the notice topic of the change.
    #[must_use]
    pub const fn topic(&self) -> NoticeTopic {
        match self {
            Self::PasswordSet | Self::PasswordChanged | Self::PasswordReset { .. } | Self::EmailChanged { .. } => {
                NoticeTopic::Password
            }
            Self::WalletLinked(_) | Self::WalletUnlinked(_) => NoticeTopic::Wallets,
            Self::SignedIn(_) | Self::RefreshReused | Self::ManyWrongPasswords { .. } => NoticeTopic::SignIns,
            Self::PasskeyAdded
            | Self::PasskeyRemoved
            | Self::FactorAdded(_)
            | Self::FactorRemoved(_)
            | Self::RecoveryCodesReplaced
            | Self::RecoveryCodeUsed { .. } => NoticeTopic::Factors,
        }
    }
}

/// Why an address gets a token and a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerificationReason<'a> {
    /// A registration waits for the address.
    Registration,
    /// An account has the address and has not verified it.
    Account,
    /// The address is to become that of an account.
    NewAddress,
    /// The account of the address is to get another one.
    OldAddress {
        /// The other address.
        new: &'a EmailAddress,
    },
}

/// A mail with a token and a code.
#[derive(Debug)]
pub struct VerificationMail<'a> {
    /// The address whose control it proves.
    pub to: &'a EmailAddress,
    /// The token of the link.
    pub token: &'a VerificationToken,
    /// The code.
    pub code: &'a VerificationCode,
    /// Why the address gets it.
    pub reason: VerificationReason<'a>,
    /// When token and code expire.
    pub expires_at: OffsetDateTime,
}

/// Writes the mails to account owners.
pub trait AccountMails: Send + Sync {
    /// Returns the mail that reports the change to the account owner. It contains no secret.
    fn account_changed(&self, to: &EmailAddress, change: AccountChange, context: NoticeContext) -> Mail;

    /// Returns the mail that carries the reset token to the address of the account.
    fn password_reset(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail;

    /// Returns the mail that proves control of an address.
    fn verification(&self, mail: &VerificationMail<'_>) -> Mail;

    /// Returns the mail to the owner of an address that was entered for another account. It contains no secret.
    fn address_taken(&self, to: &EmailAddress, at: OffsetDateTime) -> Mail;
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

    /// Replaces the address by a verified one, and records `at` as the time of the last change. Returns `Ok(false)` if the
    /// user does not exist. Fails with a conflict on `users_email_canonical` if another user has the address in any case
    /// of letters.
    async fn change_email(&mut self, id: UserId, email: &EmailAddress, at: OffsetDateTime) -> Result<bool, StoreError>;

    /// Replaces the password hash, and records its cost for [`IdentityStore::password_check_context`](crate::ports::IdentityStore::password_check_context). Returns
    /// `Ok(false)` if the user does not exist.
    async fn set_password_hash(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError>;
}
