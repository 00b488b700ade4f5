//! A key that signs service tokens, and the time in which it does.

use std::{fmt, str::FromStr};

use tessera_kernel::Secret;
use time::OffsetDateTime;

/// The name of a key, the `kid` of its tokens: a text that base64url could have written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

/// The text can't name a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 letters, digits, - or _")]
pub struct KeyIdError;

impl KeyId {
    /// The name.
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

/// What everybody may know of an RSA key. Both numbers are as a JSON Web Key has them: big-endian, in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `n`
    pub modulus: String,
    /// `e`
    pub exponent: String,
}

/// A key that was just made and has no time yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Its name.
    pub id: KeyId,
    /// Its public part.
    pub public: PublicKey,
    /// Its private part, sealed: storage never sees it open.
    pub sealed: Secret<Vec<u8>>,
}

/// When a key that has a successor leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retirement {
    /// From then on its successor signs.
    pub signs_until: OffsetDateTime,
    /// From then on no token of its is good any more, and nobody has to know it.
    pub published_until: OffsetDateTime,
}

/// A key in its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its name.
    pub id: KeyId,
    /// Its public part.
    pub public: PublicKey,
    /// Its private part, sealed.
    pub sealed: Secret<Vec<u8>>,
    /// When it was made, and so published.
    pub created_at: OffsetDateTime,
    /// From when on it signs.
    pub signs_from: OffsetDateTime,
    /// Its end; `None` while it has no successor.
    pub retirement: Option<Retirement>,
}
