//! What this domain needs from the outside.

mod password_hasher;
mod password_strength;
mod service_token_signer;
mod signing_key_store;
mod store;
mod token_signer;

pub use password_hasher::{HashError, PasswordHasher, Verdict};
pub use password_strength::{Guessable, PasswordStrength};
pub use service_token_signer::{ProvenWallet, ServiceClaims, ServiceTokenSigner};
#[cfg(feature = "mock")]
pub use signing_key_store::MockSigningKeyStore;
pub use signing_key_store::{SigningKeyStore, SigningKeyTransaction, SigningKeys};
#[cfg(feature = "mock")]
pub use store::MockIdentityStore;
pub use store::{CustomDataRows, IdentityStore, IdentityTransaction, Sessions, Users};
pub use token_signer::{AccessClaims, TokenError, TokenSigner};
