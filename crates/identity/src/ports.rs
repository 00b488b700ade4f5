//! What this domain needs from the outside.

mod password_hasher;
mod password_strength;
mod sso;
mod store;
mod token_signer;

pub use password_hasher::{HashError, PasswordHasher, Verdict};
pub use password_strength::{Guessable, PasswordStrength};
pub use sso::{RelyingParties, SecretDigest, SsoCodes, SsoSessions, SsoStore, SsoTransaction};
#[cfg(feature = "mock")]
pub use store::MockIdentityStore;
pub use store::{IdentityStore, IdentityTransaction, Sessions, Users};
pub use token_signer::{AccessClaims, TokenError, TokenSigner};
