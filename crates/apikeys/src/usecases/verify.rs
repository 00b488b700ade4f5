//! Verification of API keys for other services.

use tessera_kernel::{Permission, StoreError};

use crate::{
    ApiKeys,
    model::{ApiKey, KeyStatus},
};

/// The key to verify.
#[derive(Debug)]
pub struct VerifyKey {
    /// The key as received. Surrounding white space is ignored.
    pub key: String,
    /// The required permission. `None` checks only whether the key is valid.
    pub permission: Option<Permission>,
}

/// The result of a verification. It may contain details of the key, because the caller has the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// The key is valid and has the required permission.
    Valid(ApiKey),
    /// The key does not exist.
    NotFound,
    /// The key is revoked.
    Revoked(ApiKey),
    /// The key has expired.
    Expired(ApiKey),
    /// The key is valid but lacks the required permission.
    InsufficientPermissions(ApiKey),
}

impl ApiKeys {
    /// Verifies a key, and records the use if it is valid.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn verify_key(&self, question: VerifyKey) -> Result<Verification, StoreError> {
        let Some((stored, at)) = self.look_up(question.key.trim()).await? else { return Ok(Verification::NotFound) };
        let key = stored.key;
        Ok(match key.status(at) {
            KeyStatus::Revoked => Verification::Revoked(key),
            KeyStatus::Expired => Verification::Expired(key),
            KeyStatus::Live if question.permission.is_some_and(|wanted| !key.permissions.contains(&wanted)) => {
                Verification::InsufficientPermissions(key)
            }
            KeyStatus::Live => {
                self.usage.note(key.id, self.ports.system.now());
                Verification::Valid(key)
            }
        })
    }
}
