//! SHA-256 digests of API keys and of other secrets with enough entropy.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tessera_kernel::{SecretDigest, SecretHash};

/// SHA-256.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digest;

impl SecretDigest for Sha256Digest {
    fn digest(&self, text: &str) -> SecretHash {
        SecretHash::from_bytes(Sha256::digest(text.as_bytes()).into())
    }

    /// Compares in constant time, so that timing does not reveal how much of a guess is correct.
    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool {
        one.as_bytes().ct_eq(other.as_bytes()).into()
    }
}
