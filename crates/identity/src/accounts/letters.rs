//! Texts of the mails about accounts.

use tessera_kernel::{EmailAddress, Mail, NoticeContext, NoticeTopic, WalletAccount};

use crate::model::{Device, PasswordReset, ResetToken};

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
    },
    /// A wallet was linked.
    WalletLinked(WalletAccount),
    /// A wallet was unlinked.
    WalletUnlinked(WalletAccount),
    /// A user signed in from a new device.
    SignedIn(Device),
}

impl AccountChange {
    /// Returns the notice topic of the change.
    #[must_use]
    pub const fn topic(&self) -> NoticeTopic {
        match self {
            Self::PasswordSet | Self::PasswordChanged | Self::PasswordReset { .. } => NoticeTopic::Password,
            Self::WalletLinked(_) | Self::WalletUnlinked(_) => NoticeTopic::Wallets,
            Self::SignedIn(_) => NoticeTopic::SignIns,
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
