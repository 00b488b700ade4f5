//! Fake digest without cryptography.

use std::hash::{DefaultHasher, Hash, Hasher};

use tessera_kernel::{KeyedDigest, SecretDigest, SecretHash};

/// 32 bytes that depend only on the text and are stable for one build. It only distinguishes texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeDigest;

impl SecretDigest for FakeDigest {
    fn digest(&self, text: &str) -> SecretHash {
        let mut bytes = [0; 32];
        for (number, chunk) in (0_u8..).zip(bytes.chunks_exact_mut(8)) {
            let mut hasher = DefaultHasher::new();
            (number, text).hash(&mut hasher);
            chunk.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        SecretHash::from_bytes(bytes)
    }

    fn matches(&self, one: &SecretHash, other: &SecretHash) -> bool {
        one == other
    }
}

/// Another hash of the text than [`SecretDigest::digest`].
impl KeyedDigest for FakeDigest {
    fn keyed_digest(&self, text: &str) -> SecretHash {
        self.digest(&format!("keyed {text}"))
    }
}
