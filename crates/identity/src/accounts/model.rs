//! User accounts and their credentials.

use tessera_kernel::{EmailAddress, UserId, WalletAccount, WalletAddress, text_value};
use time::OffsetDateTime;

use crate::{passwords::model::PasswordHash, profile::model::AvatarUrl, wallets::model::Wallet};

text_value! {
    /// The name that a user is shown as.
    DisplayName, single_line, 100;
    /// A given or family name.
    PersonName, single_line, 100;
}

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
    /// Returns the number of ways in which the user can sign in, of whom the caller has counted the passkeys. A password
    /// allows sign-in only together with an email address.
    #[must_use]
    pub fn sign_in_methods(&self, passkeys: u64) -> u64 {
        let by_password = self.password_hash.is_some() && self.user.email.is_some();
        u64::from(by_password) + self.user.wallets.len() as u64 + passkeys
    }
}
