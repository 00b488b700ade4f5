//! Consumption of a code when the rest of the request is invalid.

use tessera_kernel::{RequestMetadata, StoreError};

use super::events::CodeRefusal;
use crate::service::SingleSignOn;

impl SingleSignOn {
    /// Consumes a code that was presented in an invalid request. Writes an audit entry.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn spend_code(&self, code: &str, origin: &RequestMetadata) -> Result<(), StoreError> {
        self.present(code, origin, |code, _, now| Self::fault_of_age(code, now).or(Some(CodeRefusal::Body)))
            .await
            .map(drop)
    }
}
