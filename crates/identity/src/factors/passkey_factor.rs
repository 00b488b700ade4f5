//! Passkeys as second factors.

use tessera_kernel::{RequestMetadata, StoreError};

use super::model::InterruptedOperation;
use crate::Identity;

impl Identity {
    /// Starts the use of a passkey for the operation, and returns the options for the browser. `None` if the user has no
    /// passkey.
    pub(super) async fn start_passkey_factor(
        &self,
        _operation: &InterruptedOperation,
        _origin: &RequestMetadata,
    ) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    /// Returns whether the credential is of a passkey of the user and answers the options of the operation.
    pub(super) async fn check_passkey_factor(
        &self,
        _operation: &InterruptedOperation,
        _credential: &str,
        _origin: &RequestMetadata,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }
}
