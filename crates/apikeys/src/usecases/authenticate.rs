//! Authentication of requests by API key.

use tessera_kernel::{Principal, StoreError};
use time::OffsetDateTime;

use crate::{
    ApiKeys,
    model::{KeyStatus, RawKey, StoredKey},
};

/// Why a key does not authenticate a request.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateKeyError {
    /// The key is malformed, unknown, revoked or expired.
    #[error("the API key is not valid")]
    InvalidKey,
    /// Storage failed, so the validity of the key is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// Authenticates a request by its key and records the use.
    ///
    /// # Errors
    /// The key is invalid, or storage failed.
    pub async fn authenticate_key(&self, key: &str) -> Result<Principal, AuthenticateKeyError> {
        let (StoredKey { key: found, .. }, at) = self.look_up(key).await?.ok_or(AuthenticateKeyError::InvalidKey)?;
        if found.status(at) != KeyStatus::Live {
            return Err(AuthenticateKeyError::InvalidKey);
        }
        self.usage.note(found.id, self.ports.system.now());
        Ok(Principal::Application {
            key: found.id,
            application: found.application_id,
            organization: found.organization_id,
            permissions: found.permissions,
        })
    }

    /// Finds a key and the time at which to judge it. Malformed keys are rejected without a storage access.
    pub(crate) async fn look_up(&self, key: &str) -> Result<Option<(StoredKey, OffsetDateTime)>, StoreError> {
        let Ok(raw) = key.parse::<RawKey>() else { return Ok(None) };
        let hash = self.ports.digest.digest(raw.expose());
        let stored = self.ports.store.find_key_by_hash(&hash).await?;
        Ok(stored.filter(|(stored, _)| self.ports.digest.matches(&stored.hash, &hash)))
    }
}
