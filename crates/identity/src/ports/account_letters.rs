//! What the people behind accounts are told by mail.

use tessera_kernel::{EmailAddress, Mail, NoticeContext, NoticeTopic};

use crate::model::WalletAccount;

/// What was done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// It had no password and has one now.
    PasswordSet,
    /// It has another password.
    PasswordChanged,
    /// One more wallet opens it.
    WalletLinked(WalletAccount),
    /// One wallet less opens it.
    WalletUnlinked(WalletAccount),
}

impl AccountChange {
    /// What a notice of it is about.
    #[must_use]
    pub const fn topic(&self) -> NoticeTopic {
        match self {
            Self::PasswordSet | Self::PasswordChanged => NoticeTopic::Password,
            Self::WalletLinked(_) | Self::WalletUnlinked(_) => NoticeTopic::Wallets,
        }
    }
}

/// Puts into words what was done to an account.
pub trait AccountLetters: Send + Sync {
    /// The mail that tells the person behind the account. It opens nothing.
    fn account_changed(&self, to: &EmailAddress, change: AccountChange, context: NoticeContext) -> Mail;
}
