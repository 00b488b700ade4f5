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
    /// The text is not an API key: its form or its checksum is wrong.
    #[error("the text is not an API key")]
    MalformedKey,
    /// The key does not exist.
    #[error("the API key does not exist")]
    UnknownKey,
    /// The key is revoked.
    #[error("the API key is revoked")]
    RevokedKey,
    /// The key has expired.
    #[error("the API key has expired")]
    ExpiredKey,
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
        let Some((StoredKey { key: found, .. }, at)) = self.look_up(key).await? else {
            let malformed = key.parse::<RawKey>().is_err();
            return Err(if malformed { AuthenticateKeyError::MalformedKey } else { AuthenticateKeyError::UnknownKey });
        };
        match found.status(at) {
            KeyStatus::Live => {}
            KeyStatus::Revoked => return Err(AuthenticateKeyError::RevokedKey),
            KeyStatus::Expired => return Err(AuthenticateKeyError::ExpiredKey),
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
