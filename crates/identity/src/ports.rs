//! What this domain needs from the outside.

mod password_hasher;
mod password_strength;
mod store;
mod token_signer;

pub use password_hasher::{HashError, PasswordHasher, Verdict};
pub use password_strength::{Guessable, PasswordStrength};
#[cfg(feature = "mock")]
pub use store::MockIdentityStore;
pub use store::{CustomDataRows, IdentityStore, IdentityTransaction, Sessions, Users};
pub use token_signer::{AccessClaims, TokenError, TokenSigner};
