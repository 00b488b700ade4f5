//! Fake cryptography of requests with an idempotency key.

use tessera_kernel::{IdempotencyKey, IdempotencySeal, SealFault, SecretDigest as _, SecretHash};

use super::FakeDigest;

/// Seals by putting the key in front. It only distinguishes keys and requests.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeResponseSeal;

impl IdempotencySeal for FakeResponseSeal {
    fn hide(&self, scope: &str, key: &IdempotencyKey) -> SecretHash {
        FakeDigest.digest(&format!("{scope} {}", key.expose()))
    }

    fn fingerprint(&self, key: &IdempotencyKey, parts: &[&[u8]]) -> SecretHash {
        FakeDigest.digest(&format!("{} {parts:?}", key.expose()))
    }

    fn seal(&self, _: &SecretHash, key: &IdempotencyKey, response: &[u8]) -> Result<Vec<u8>, SealFault> {
        Ok([key.expose().as_bytes(), response].concat())
    }

    fn open(&self, _: &SecretHash, key: &IdempotencyKey, sealed: &[u8]) -> Result<Vec<u8>, SealFault> {
        Ok(sealed.strip_prefix(key.expose().as_bytes()).ok_or("another key")?.to_vec())
    }
}
