//! What this domain needs from the outside.

mod challenges;
mod password_hasher;
mod password_strength;
mod store;
mod token_signer;
mod wallet_verifier;

pub use challenges::Challenges;
pub use password_hasher::{HashError, PasswordHasher, Verdict};
pub use password_strength::{Guessable, PasswordStrength};
#[cfg(feature = "mock")]
pub use store::MockIdentityStore;
pub use store::{IdentityStore, IdentityTransaction, Sessions, Users, Wallets};
pub use token_signer::{AccessClaims, TokenError, TokenSigner};
pub use wallet_verifier::{Proof, VerifyError, Voucher, WalletVerifier};
