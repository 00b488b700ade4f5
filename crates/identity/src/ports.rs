//! Ports of the identity domain.

mod account_letters;
mod chain_reader;
mod challenges;
mod known_devices;
mod password_hasher;
mod password_resets;
mod password_strength;
mod requester;
mod session_jobs;
mod store;
mod token_signer;
mod wallet_verifier;

pub use account_letters::{AccountChange, AccountMails};
pub use chain_reader::{Call, ChainReader, ReadChainError};
pub use challenges::{Challenges, Taken};
pub use known_devices::{DeviceStatus, KnownDevices};
pub use password_hasher::{HashError, PasswordHasher, Verdict};
pub use password_resets::{PasswordResetRows, PasswordResets};
pub use password_strength::{PasswordStrength, WeakPassword};
pub use requester::Requester;
#[cfg(feature = "mock")]
pub use session_jobs::MockSessionJobs;
pub use session_jobs::SessionJobs;
#[cfg(feature = "mock")]
pub use store::MockIdentityStore;
pub use store::{CustomDataRows, IdentityStore, IdentityTransaction, PasswordCheckContext, Sessions, Users, Wallets};
pub use token_signer::{AccessClaims, TokenError, TokenSigner};
pub use wallet_verifier::{SignatureCheck, SignerKind, VerifyError, WalletVerifier};
