//! The chains of which a service accepts wallets.

use std::collections::BTreeSet;

use super::{Chain, WalletAccount};

/// The service does not accept wallets of the chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {}", self.accepted.iter().map(Chain::to_string).collect::<Vec<_>>().join(", "))]
pub struct UnsupportedChain {
    /// All chains of which it accepts wallets.
    pub accepted: Vec<Chain>,
}

/// A wallet of an accepted chain. A challenge requires it, and every signature that is accepted is one of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedWallet(WalletAccount);

impl AcceptedWallet {
    /// Returns the wallet.
    #[must_use]
    pub const fn account(&self) -> WalletAccount {
        self.0
    }
}

/// The chains of which the service accepts wallets: those with a name, and further EVM chains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupportedChains(BTreeSet<Chain>);

impl SupportedChains {
    /// The chains with a name, and these.
    #[must_use]
    pub fn with(others: impl IntoIterator<Item = Chain>) -> Self {
        Self(others.into_iter().filter(|chain| chain.name().is_none()).collect())
    }

    /// Returns all accepted chains.
    pub fn iter(&self) -> impl Iterator<Item = Chain> {
        Chain::NAMED.into_iter().chain(self.0.iter().copied())
    }

    /// Accepts a wallet if its chain is one of these.
    ///
    /// # Errors
    /// Fails with the list of accepted chains.
    pub fn accept(&self, account: WalletAccount) -> Result<AcceptedWallet, UnsupportedChain> {
        let chain = account.chain();
        if chain.name().is_some() || self.0.contains(&chain) {
            return Ok(AcceptedWallet(account));
        }
        Err(UnsupportedChain { accepted: self.iter().collect() })
    }
}
