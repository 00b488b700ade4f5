//! A person with an account.

use tessera_kernel::{EmailAddress, UserId, text_value};
use time::OffsetDateTime;

use super::{AvatarUrl, PasswordHash, Wallet, WalletAccount, WalletAddress};

text_value! {
    /// The name a person goes by.
    DisplayName, single_line, 100;
    /// A given or family name.
    PersonName, single_line, 100;
}

/// A global user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The address they sign in with; an account made by a wallet has none.
    pub email: Option<EmailAddress>,
    /// Whether they have proved that the address is theirs.
    pub email_verified: bool,
    /// The name they go by.
    pub display_name: Option<DisplayName>,
    /// Their given name.
    pub first_name: Option<PersonName>,
    /// Their family name.
    pub last_name: Option<PersonName>,
    /// Where their picture is.
    pub avatar_url: Option<AvatarUrl>,
    /// The wallets they have proved to be theirs, in the order of linking.
    pub wallets: Vec<Wallet>,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl User {
    /// Whether others can tell who this is: an address and a name are there.
    #[must_use]
    pub const fn profile_complete(&self) -> bool {
        self.email.is_some() && self.display_name.is_some()
    }

    /// Whether the wallet is theirs, on whatever chain they linked it.
    #[must_use]
    pub fn holds(&self, address: &WalletAddress) -> bool {
        self.wallets.iter().any(|wallet| wallet.account.address() == *address)
    }

    /// Whether the wallet is theirs and was linked on that very chain.
    #[must_use]
    pub fn linked(&self, account: &WalletAccount) -> bool {
        self.wallets.iter().any(|wallet| wallet.account == *account)
    }
}

/// A user together with what proves them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: User,
    /// The hash of their password; `None` when they have no password.
    pub password_hash: Option<PasswordHash>,
}

impl Credentials {
    /// Whether they could still sign in with one wallet less. A password is a way in only together with an address.
    #[must_use]
    pub const fn can_spare_a_wallet(&self) -> bool {
        let by_password = self.password_hash.is_some() && self.user.email.is_some();
        by_password || self.user.wallets.len() > 1
    }
}
