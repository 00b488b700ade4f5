//! The lookup of a key by its text.

use tessera_kernel::StoreError;

use crate::{
    ApiKeys,
    model::{FoundKey, RawKey},
};

impl ApiKeys {
    /// Finds a key with the rights of its owner. Malformed keys are rejected without a storage access.
    pub(super) async fn find_by_text(&self, key: &str) -> Result<Option<FoundKey>, StoreError> {
        let Ok(raw) = key.parse::<RawKey>() else { return Ok(None) };
        let hash = self.ports.digest.digest(raw.expose());
        let found = self.ports.store.find_key_by_hash(raw.kind(), &hash).await?;
        Ok(found.filter(|found| self.ports.digest.matches(&found.stored.hash, &hash)))
    }
}
