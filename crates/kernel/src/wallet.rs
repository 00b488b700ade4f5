//! Wallets on their chains, and the texts of their signatures.

mod account;
mod address;
mod chain;
mod signature;
mod supported_chains;

pub use account::WalletAccount;
pub use address::{WalletAddress, WalletAddressError};
pub use chain::{Chain, ChainError, Namespace, OtherChain};
pub use signature::{WalletSignature, WalletSignatureError};
pub use supported_chains::{AcceptedWallet, SupportedChains, UnsupportedChain};
