//! A digest without cryptography.

use std::hash::{DefaultHasher, Hash, Hasher};

use tessera_apikeys::{
    model::{KeyHash, RawKey},
    ports::KeyDigest,
};
use tessera_identity::{model::SecretHash, ports::SecretDigest};
use tessera_orgs::{
    model::{InvitationToken, TokenHash},
    ports::TokenDigest,
};

/// 32 bytes that depend on the text alone, the same in every run of one build. Good for telling texts apart and nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeDigest;

fn digest(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (number, chunk) in (0_u8..).zip(bytes.chunks_exact_mut(8)) {
        let mut hasher = DefaultHasher::new();
        (number, text).hash(&mut hasher);
        chunk.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    bytes
}

impl TokenDigest for FakeDigest {
    fn digest_token(&self, token: &InvitationToken) -> TokenHash {
        TokenHash::from_bytes(digest(token.expose()))
    }
}

impl KeyDigest for FakeDigest {
    fn digest(&self, key: &RawKey) -> KeyHash {
        KeyHash::from_bytes(digest(key.expose()))
    }

    fn matches(&self, one: &KeyHash, other: &KeyHash) -> bool {
        one == other
    }
}

impl SecretDigest for FakeDigest {
    fn digest(&self, text: &str) -> SecretHash {
        SecretHash::from_bytes(digest(text))
    }

    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool {
        one == other
    }
}
