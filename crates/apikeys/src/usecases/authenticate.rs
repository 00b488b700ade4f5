//! A key becomes somebody.

use tessera_kernel::{Principal, StoreError};

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
        let found = self.look_up(key).await?.ok_or(AuthenticateKeyError::InvalidKey)?.key;
        let now = self.ports.clock.now();
        if found.standing(now) != Standing::Live {
            return Err(AuthenticateKeyError::InvalidKey);
        }
        self.usage.note(found.id, now);
        Ok(Principal::Application {
            key: found.id,
            application: found.application_id,
            organization: found.organization_id,
            permissions: found.permissions,
        })
    }

    /// Finds a key. One that can't be ours by its form never reaches storage.
    pub(crate) async fn look_up(&self, key: &str) -> Result<Option<StoredKey>, StoreError> {
        let Ok(raw) = key.parse::<RawKey>() else { return Ok(None) };
        let hash = self.ports.digest.digest(raw.expose());
        let stored = self.ports.store.find_key_by_hash(&hash).await?;
        Ok(stored.filter(|stored| self.ports.digest.matches(&stored.hash, &hash)))
    }
}
