//! SHA-256 of API keys and of tokens that open something once.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use tessera_apikeys::{
    model::{KeyHash, RawKey},
    ports::KeyDigest,
};
use tessera_orgs::{
    model::{InvitationToken, TokenHash},
    ports::TokenDigest,
};

/// SHA-256 by AWS-LC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digest;

fn sha256(text: &str) -> [u8; 32] {
    let digest = digest(&SHA256, text.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

impl TokenDigest for Sha256Digest {
    fn digest_token(&self, token: &InvitationToken) -> TokenHash {
        TokenHash::from_bytes(sha256(token.expose()))
    }
}

impl KeyDigest for Sha256Digest {
    fn digest(&self, key: &RawKey) -> KeyHash {
        KeyHash::from_bytes(sha256(key.expose()))
    }

    fn matches(&self, one: &KeyHash, other: &KeyHash) -> bool {
        verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
    }
}
