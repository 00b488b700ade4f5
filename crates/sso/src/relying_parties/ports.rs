//! Ports of the applications that users sign in to.

use async_trait::async_trait;
use tessera_kernel::{ApplicationId, StoreError};

use super::model::RelyingParty;

/// Applications as relying parties.
#[async_trait]
pub trait RelyingParties: Send + Sync {
    /// Finds an application, with those of its redirect URIs to which a sign-in can return. Returns `Ok(None)` if there
    /// is none.
    async fn find_relying_party(&self, id: ApplicationId) -> Result<Option<RelyingParty>, StoreError>;
}
