//! What the people behind accounts are told by mail.

use tessera_kernel::{EmailAddress, Mail, NoticeContext, NoticeTopic};

use crate::model::{Client, PasswordReset, ResetToken, WalletAccount};

/// What was done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange {
    /// It had no password and has one now.
    PasswordSet,
    /// It has another password.
    PasswordChanged,
    /// Whoever reads its mails has set a password.
    PasswordReset {
        /// It had none.
        first: bool,
        /// How many wallets it lost by that, because nobody had proved before that the address is theirs.
        wallets_unlinked: usize,
    },
    /// One more wallet opens it.
    WalletLinked(WalletAccount),
    /// One wallet less opens it.
    WalletUnlinked(WalletAccount),
    /// It was signed in to with a client that it had not been signed in to with.
    SignedIn(Client),
}

impl AccountChange {
    /// What a notice of it is about.
    #[must_use]
    pub const fn topic(&self) -> NoticeTopic {
        match self {
            Self::PasswordSet | Self::PasswordChanged | Self::PasswordReset { .. } => NoticeTopic::Password,
            Self::WalletLinked(_) | Self::WalletUnlinked(_) => NoticeTopic::Wallets,
            Self::SignedIn(_) => NoticeTopic::SignIns,
        }
    }
}

/// Puts into words what the people behind accounts get by mail.
pub trait AccountLetters: Send + Sync {
    /// The mail that tells the person behind the account. It opens nothing.
    fn account_changed(&self, to: &EmailAddress, change: AccountChange, context: NoticeContext) -> Mail;

    /// The mail that carries the token to the address of the account.
    fn password_reset(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail;
}
