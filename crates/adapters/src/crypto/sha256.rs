//! SHA-256 of API keys and of other secrets that are random enough.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use tessera_apikeys::{
    model::{KeyHash, RawKey},
    ports::KeyDigest,
};
use tessera_identity::{model::SecretHash, ports::SecretDigest};
use tessera_orgs::{
    model::{InvitationToken, TokenHash},
    ports::TokenDigest,
};

/// SHA-256 by AWS-LC.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Digest;

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
        are_equal(one.as_bytes(), other.as_bytes())
    }
}

impl SecretDigest for Sha256Digest {
    fn digest(&self, text: &str) -> SecretHash {
        SecretHash::from_bytes(sha256(text))
    }

    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool {
        are_equal(one.as_bytes(), other.as_bytes())
    }
}

/// In constant time, so that nobody measures how much of a guess was right.
fn are_equal(one: &[u8; 32], other: &[u8; 32]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

fn sha256(text: &str) -> [u8; 32] {
    let digest = digest(&SHA256, text.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}
