//! User accounts and their credentials.

use std::{fmt, str::FromStr};

use tessera_kernel::{EmailAddress, UserId, WalletAccount, WalletAddress, text_value};
use time::OffsetDateTime;

use crate::{passwords::model::PasswordHash, profile::model::AvatarUrl, wallets::model::Wallet};

text_value! {
    /// The name that a user is shown as.
    DisplayName, single_line, 100;
    /// A given or family name.
    PersonName, single_line, 100;
}

/// How accounts come into being, besides invitations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Any visitor can register. The account can be used at once.
    #[default]
    Open,
    /// Any visitor can register. The account is created once its address is verified.
    Verified,
    /// Registration is closed. Accounts come from invitations.
    Invited,
}

/// The text is no mode of registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be open, verified or invited")]
pub struct RegistrationModeError;

impl FromStr for RegistrationMode {
    type Err = RegistrationModeError;

    fn from_str(text: &str) -> Result<Self, RegistrationModeError> {
        match text {
            "open" => Ok(Self::Open),
            "verified" => Ok(Self::Verified),
            "invited" => Ok(Self::Invited),
            _ => Err(RegistrationModeError),
        }
    }
}

impl fmt::Display for RegistrationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Verified => "verified",
            Self::Invited => "invited",
        })
    }
}

/// Registration is closed. Accounts come from invitations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("registration is closed")]
pub struct RegistrationClosed;

/// A global user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id of the user.
    pub id: UserId,
    /// The address the user signs in with. An account created by a wallet has none.
    pub email: Option<EmailAddress>,
    /// Whether the user has proved control of the address.
    pub email_verified: bool,
    /// The name that the user is shown as.
    pub display_name: Option<DisplayName>,
    /// Given name.
    pub first_name: Option<PersonName>,
    /// Family name.
    pub last_name: Option<PersonName>,
    /// URL of the user's picture.
    pub avatar_url: Option<AvatarUrl>,
    /// The linked wallets, in the order of linking.
    pub wallets: Vec<Wallet>,
    /// When the account was created.
    pub created_at: OffsetDateTime,
    /// When the account was last changed.
    pub updated_at: OffsetDateTime,
}

impl User {
    /// Returns whether the user has an email address and a display name, so that others can identify the user.
    #[must_use]
    pub const fn profile_complete(&self) -> bool {
        self.email.is_some() && self.display_name.is_some()
    }

    /// Returns whether the wallet is linked, on any chain.
    #[must_use]
    pub fn holds(&self, address: &WalletAddress) -> bool {
        self.wallets.iter().any(|wallet| wallet.account.address() == *address)
    }

    /// Returns whether the wallet was linked on exactly this chain.
    #[must_use]
    pub fn linked(&self, account: &WalletAccount) -> bool {
        self.wallets.iter().any(|wallet| wallet.account == *account)
    }
}

/// A user with the password hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The password hash, or `None` if the user has no password.
    pub password_hash: Option<PasswordHash>,
}

impl Credentials {
    /// Returns the number of ways in which a user with so many passkeys can sign in. A password allows sign-in only
    /// together with an email address.
    #[must_use]
    pub fn sign_in_methods(&self, passkeys: u64) -> u64 {
        let by_password = self.password_hash.is_some() && self.user.email.is_some();
        u64::from(by_password) + self.user.wallets.len() as u64 + passkeys
    }
}
