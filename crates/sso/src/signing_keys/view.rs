//! Listing of signing keys for verifiers and operators.

use tessera_kernel::StoreError;
use time::{Duration, OffsetDateTime};

use super::model::{KeyId, KeyRing, PublicKey};
use crate::service_tokens::service::ServiceTokens;

/// Public part of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    /// The `kid` of its tokens.
    pub id: KeyId,
    /// The key that verifies its tokens.
    pub public: PublicKey,
}

impl ServiceTokens {
    /// Returns the keys that verifiers must know: the current key, the next key, and the keys whose last token may
    /// still be valid. It returns cached keys, so it works while storage is unavailable.
    ///
    /// # Errors
    /// Fails when storage fails and the keys were never read before.
    pub async fn published_keys(&self) -> Result<Vec<PublishedKey>, StoreError> {
        let ring = self.remembered_keys().await?;
        let shown = ring.published(self.ports.system.now());
        Ok(shown.map(|key| PublishedKey { id: key.id.clone(), public: key.public.clone() }).collect())
    }

    /// Returns how long the current key has been signing. `None` before the keys were read for the first time.
    #[must_use]
    pub fn signing_key_age(&self) -> Option<Duration> {
        let now = self.ports.system.now();
        let ring = self.known_keys()?;
        ring.signing(now).map(|key| now - key.signs_from)
    }

    /// Reads all keys from storage. Returns them with the current time, for comparison with their times.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn list_keys(&self) -> Result<(KeyRing, OffsetDateTime), StoreError> {
        let ring = self.read_keys().await?;
        Ok(((*ring).clone(), self.ports.system.now()))
    }
}
