//! Wallets of users.

use tessera_kernel::WalletAccount;
use time::OffsetDateTime;

/// A wallet that a user has proved to control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    /// The address, and the chain on which it was linked.
    pub account: WalletAccount,
    /// When the wallet was linked.
    pub linked_at: OffsetDateTime,
}
