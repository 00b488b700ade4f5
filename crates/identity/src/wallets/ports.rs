//! Ports of wallets.

mod chain_reader;
mod challenges;
mod wallet_verifier;

use async_trait::async_trait;
use tessera_kernel::{StoreError, UserId, WalletAddress};

pub use chain_reader::{Call, ChainReader, ReadChainError};
pub use challenges::{Challenges, Taken};
pub use wallet_verifier::{SignatureCheck, SignerKind, VerifyError, WalletVerifier};

use super::model::Wallet;

/// Wallets of users, in a transaction.
#[async_trait]
pub trait Wallets: Send {
    /// Adds a wallet to a user. Fails with a conflict on `wallets_namespace_address` if any user has the address, on
    /// any chain, and on [`StoreError::REFERENCE`] if the user does not exist.
    async fn insert(&mut self, user: UserId, wallet: &Wallet) -> Result<(), StoreError>;

    /// Returns the user of a wallet. Returns `Ok(None)` if no user has it.
    async fn find_holder(&mut self, address: &WalletAddress) -> Result<Option<UserId>, StoreError>;

    /// Removes a wallet from that user. Returns `Ok(false)` and changes nothing if the user does not have it.
    async fn delete(&mut self, user: UserId, address: &WalletAddress) -> Result<bool, StoreError>;
}
