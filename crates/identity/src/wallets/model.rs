//! Wallets of users, and the messages that wallets sign.

mod challenge;
mod nonce;
mod site;
mod siwe;
mod siws;
mod wallet;

pub use challenge::{Challenge, ChallengeLimits, Purpose};
pub use nonce::{Nonce, NonceError};
pub use site::Site;
pub use siwe::{SiweError, SiweMessage};
pub use wallet::Wallet;
