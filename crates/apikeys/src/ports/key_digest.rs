//! Hashing keys and comparing the hashes.

use crate::model::{KeyHash, RawKey};

/// SHA-256. A key carries 256 random bits, so a slow hash would protect nothing more.
pub trait KeyDigest: Send + Sync {
    /// SHA-256 of the key's text.
    fn digest(&self, key: &RawKey) -> KeyHash;

    /// Whether the two are equal, in a time that does not depend on where they differ.
    fn matches(&self, one: &KeyHash, other: &KeyHash) -> bool;
}
