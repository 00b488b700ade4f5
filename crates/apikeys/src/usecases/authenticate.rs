//! A key becomes somebody.

use tessera_kernel::{Principal, StoreError};
use time::OffsetDateTime;

use crate::{
    ApiKeys,
    model::{RawKey, Standing, StoredKey},
};

/// The key stands for nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateKeyError {
    /// Malformed, unknown, revoked or expired.
    #[error("the API key is not valid")]
    InvalidKey,
    /// Storage failed, so nothing can be said of the key.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApiKeys {
    /// Reads a key from a request and notes its use.
    ///
    /// # Errors
    /// See [`AuthenticateKeyError`].
    pub async fn authenticate_key(&self, key: &str) -> Result<Principal, AuthenticateKeyError> {
        let (StoredKey { key: found, .. }, at) = self.look_up(key).await?.ok_or(AuthenticateKeyError::InvalidKey)?;
        if found.standing(at) != Standing::Live {
            return Err(AuthenticateKeyError::InvalidKey);
        }
        self.usage.note(found.id, self.ports.clock.now());
        Ok(Principal::Application {
            key: found.id,
            application: found.application_id,
            organization: found.organization_id,
            permissions: found.permissions,
        })
    }

    /// Finds a key, with the time to judge it by. One that can't be ours by its form never reaches storage.
    pub(crate) async fn look_up(&self, key: &str) -> Result<Option<(StoredKey, OffsetDateTime)>, StoreError> {
        let Ok(raw) = key.parse::<RawKey>() else { return Ok(None) };
        let hash = self.ports.digest.digest(raw.expose());
        let stored = self.ports.store.find_key_by_hash(&hash).await?;
        Ok(stored.filter(|(stored, _)| self.ports.digest.matches(&stored.hash, &hash)))
    }
}
