//! Fake codes of refresh tokens.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use tessera_identity::{model::RefreshSecretId, ports::RefreshCodes};

/// Computes codes that differ for each secret and message. It knows the secrets up to its newest one.
#[derive(Debug, Clone, Copy)]
pub struct FakeRefreshCodes(pub u16);

impl Default for FakeRefreshCodes {
    fn default() -> Self {
        Self(1)
    }
}

impl RefreshCodes for FakeRefreshCodes {
    fn newest_secret(&self) -> RefreshSecretId {
        RefreshSecretId(self.0)
    }

    fn code(&self, secret: RefreshSecretId, message: &[u8]) -> Option<[u8; 32]> {
        if secret.0 > self.0 {
            return None;
        }
        let mut code = [0; 32];
        for (number, chunk) in (0_u8..).zip(code.chunks_exact_mut(8)) {
            let mut hasher = DefaultHasher::new();
            (number, secret, message).hash(&mut hasher);
            chunk.copy_from_slice(&hasher.finish().to_be_bytes());
        }
        Some(code)
    }
}
