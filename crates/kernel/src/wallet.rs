//! Wallets on their chains, and the texts of their signatures.

mod account;
mod address;
mod chain;
mod signature;

pub use account::WalletAccount;
pub use address::{WalletAddress, WalletAddressError};
pub use chain::{Chain, ChainError, Namespace, OtherChain, SupportedChains, UnsupportedChain};
pub use signature::{WalletSignature, WalletSignatureError};
