//! SHA-256 digests of API keys and of other secrets with enough entropy.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use tessera_kernel::{SecretDigest, SecretHash};

/// SHA-256, implemented by AWS-LC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digest;

impl SecretDigest for Sha256Digest {
    fn digest(&self, text: &str) -> SecretHash {
        let digest = digest(&SHA256, text.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        SecretHash::from_bytes(bytes)
    }

    /// Compares in constant time, so that timing does not reveal how much of a guess is correct.
    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool {
        verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
    }
}
