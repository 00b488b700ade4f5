//! SHA-256 of API keys.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use tessera_apikeys::{
    model::{KeyHash, RawKey},
    ports::KeyDigest,
};

/// SHA-256 by AWS-LC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digest;

impl KeyDigest for Sha256Digest {
    fn digest(&self, key: &RawKey) -> KeyHash {
        let digest = digest(&SHA256, key.expose().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        KeyHash::from_bytes(bytes)
    }

    fn matches(&self, one: &KeyHash, other: &KeyHash) -> bool {
        verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
    }
}
