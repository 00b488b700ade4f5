//! Signing keys of service tokens and their validity periods.

use std::{fmt, str::FromStr};

use tessera_kernel::Secret;
use time::OffsetDateTime;

/// Id of a key, used as the `kid` of its tokens: 1 to 64 base64url characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// The text is not a key id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 letters, digits, - or _")]
pub struct KeyIdError;

impl KeyId {
    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let good = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        if good { Ok(Self(text.to_owned())) } else { Err(KeyIdError) }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Public part of an RSA key. Both numbers are encoded as in a JSON Web Key: big-endian, base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `n`
    pub modulus: String,
    /// `e`
    pub exponent: String,
}

/// A new key without a validity period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Id of the key.
    pub id: KeyId,
    /// Public part of the key.
    pub public: PublicKey,
    /// Encrypted private part. Storage never contains it in plain text.
    pub sealed: Secret<Vec<u8>>,
}

/// When a key that has a successor stops signing and is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retirement {
    /// When the successor starts to sign.
    pub signs_until: OffsetDateTime,
    /// When the last token of the key has expired, so verifiers no longer need the key.
    pub published_until: OffsetDateTime,
}

/// A signing key and its validity period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Id of the key.
    pub id: KeyId,
    /// Public part of the key.
    pub public: PublicKey,
    /// Encrypted private part.
    pub sealed: Secret<Vec<u8>>,
    /// When the key was created and published.
    pub created_at: OffsetDateTime,
    /// When the key starts to sign.
    pub signs_from: OffsetDateTime,
    /// Retirement times, or `None` while the key has no successor.
    pub retirement: Option<Retirement>,
}
