//! Secrets that are kept as their hash.

use std::fmt;

/// SHA-256 of a text: all that storage knows of an API key, of the token in a link, of a code, or of a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Takes up what the digest or storage gives.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

/// Hashing secrets and comparing the hashes. Those that open something carry 256 random bits, so a slow hash would protect
/// nothing more. What can be guessed is hashed to be told apart, and is not hidden by it.
pub trait SecretDigest: Send + Sync {
    /// SHA-256 of the text.
    fn digest(&self, text: &str) -> SecretHash;

    /// Whether the two are equal, in a time that does not depend on where they differ.
    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool;
}
