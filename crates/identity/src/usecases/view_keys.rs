//! Verifiers, and operators, look at the signing keys.

use tessera_kernel::StoreError;
use time::OffsetDateTime;

use crate::{
    ServiceTokens,
    model::{KeyId, KeyRing, PublicKey},
};

/// A key as verifiers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    /// The `kid` of its tokens.
    pub id: KeyId,
    /// What its tokens are verified with.
    pub public: PublicKey,
}

impl ServiceTokens {
    /// The keys that verifiers have to know: the one that signs, the next, and those whose last token may still live. From
    /// memory, so that they are there while storage is not.
    ///
    /// # Errors
    /// When storage fails and was never read before.
    pub async fn published_keys(&self) -> Result<Vec<PublishedKey>, StoreError> {
        let ring = self.remembered_keys().await?;
        let shown = ring.published(self.ports.clock.now());
        Ok(shown.map(|key| PublishedKey { id: key.id.clone(), public: key.public.clone() }).collect())
    }

    /// Every key as storage has it, and the time to hold against theirs.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn list_keys(&self) -> Result<(KeyRing, OffsetDateTime), StoreError> {
        let ring = self.read_keys().await?;
        Ok(((*ring).clone(), self.ports.clock.now()))
    }
}
