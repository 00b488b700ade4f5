//! Hashes of secrets.

use std::fmt;

/// The SHA-256 hash of a text. Storage has only this hash of an API key, a one-time token or a code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Wraps a hash from the digest or from storage.
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

/// Hashes values that can be guessed, such as the network of a user, under a key that storage does not have. So a copy of the
/// storage does not allow to find the values by trying all of them.
pub trait KeyedDigest: Send + Sync {
    /// Returns the hash of the text under the key.
    fn keyed_digest(&self, text: &str) -> SecretHash;
}

/// Hashes secrets and compares hashes. Secrets that grant access have 256 random bits, so a slow hash would add no
/// protection. A value that can
/// be guessed is hashed by a [`KeyedDigest`] instead.
pub trait SecretDigest: Send + Sync {
    /// Returns the SHA-256 hash of the text.
    fn digest(&self, text: &str) -> SecretHash;

    /// Returns whether the two hashes are equal, in constant time.
    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool;
}
