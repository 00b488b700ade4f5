//! Password hashing, digests, tokens, encryption at rest and wallet signatures.

mod argon2;
mod breached;
mod gate;
mod jwt;
mod keyed_hashes;
mod responses;
mod rs256;
mod seal;
pub(crate) mod sealed_names;
mod strength;
mod totp;
mod wallets;
mod webauthn;

pub use self::argon2::{Argon2Hasher, Argon2Settings, Argon2SettingsError};
pub use breached::{BreachedPasswords, BreachedPasswordsError};
pub use gate::{Gate, GateSettings};
pub use jwt::{JwtSecret, JwtSigner};
pub use responses::SealedResponses;
pub use rs256::{KeyBits, KeyBitsError, Rs256Signer, thumbprint};
pub use seal::{MasterKey, MasterKeyError, MasterKeyId, SealError};
pub use strength::ZxcvbnStrength;
pub use totp::SealedTotp;
pub use wallets::KeySignatures;
pub(crate) use wallets::{is_of_key, message_hash};
pub use webauthn::{RelyingParty, RelyingPartyError, WebAuthnVerifier};
