//! The check of a key by its text, which authentication and verification share.

use tessera_kernel::{CredentialStatus, StoreError};

use crate::{
    ApiKeys,
    model::{FoundKey, RawKey},
};

/// What is known about a text that is presented as a key.
#[expect(clippy::large_enum_variant, reason = "there is one per call and it is never kept")]
pub(crate) enum CheckedKey {
    /// It is not a key: its form or its checksum is wrong.
    Malformed,
    /// There is no such key.
    Unknown,
    /// The key exists, and has this status.
    Known(FoundKey, CredentialStatus),
}

impl ApiKeys {
    /// Finds a key with the rights of its owner, and decides whether it is valid. Malformed keys are rejected without a
    /// storage access.
    pub(crate) async fn check_key(&self, key: &str) -> Result<CheckedKey, StoreError> {
        let Ok(raw) = key.parse::<RawKey>() else { return Ok(CheckedKey::Malformed) };
        let hash = self.ports.digest.digest(raw.expose());
        let found = self.ports.store.find_key_by_hash(raw.kind(), &hash).await?;
        Ok(match found.filter(|found| self.ports.digest.matches(&found.stored.hash, &hash)) {
            None => CheckedKey::Unknown,
            Some(found) => {
                let status = found.status();
                CheckedKey::Known(found, status)
            }
        })
    }
}
