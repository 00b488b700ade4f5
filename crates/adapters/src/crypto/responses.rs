//! The cryptography of requests with an idempotency key.

use std::sync::Arc;

use tessera_kernel::{Entropy, IdempotencyKey, IdempotencySeal, SealFault, SecretHash};

use super::MasterKey;

/// Seals stored responses with a key that depends on the master key and on the `Idempotency-Key`.
pub struct SealedResponses {
    key: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
}

impl SealedResponses {
    /// Creates a seal with the master key.
    #[must_use]
    pub fn new(key: Arc<MasterKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { key, entropy }
    }
}

impl IdempotencySeal for SealedResponses {
    fn hide(&self, scope: &str, key: &IdempotencyKey) -> SecretHash {
        self.key.hash_request(&[b"key", scope.as_bytes(), key.expose().as_bytes()])
    }

    fn fingerprint(&self, key: &IdempotencyKey, parts: &[&[u8]]) -> SecretHash {
        // With the key of the client, the master key alone does not suffice to guess a password in the body.
        self.key.hash_request(&[&[b"request", key.expose().as_bytes()], parts].concat())
    }

    fn seal(&self, hidden: &SecretHash, key: &IdempotencyKey, response: &[u8]) -> Result<Vec<u8>, SealFault> {
        Ok(self.key.seal_with(key.expose().as_bytes(), hidden.as_bytes(), response, &*self.entropy)?)
    }

    fn open(&self, hidden: &SecretHash, key: &IdempotencyKey, sealed: &[u8]) -> Result<Vec<u8>, SealFault> {
        Ok(self.key.open_with(key.expose().as_bytes(), hidden.as_bytes(), sealed)?)
    }
}
