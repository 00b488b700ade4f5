//! Passkeys as second factors.

use tessera_kernel::{RequestMetadata, StoreError};

use super::model::InterruptedOperation;
use crate::{
    CheckPasskeyError, Identity, StartCeremonyError,
    model::{CredentialResponse, PasskeyProof},
};

impl Identity {
    /// Starts the use of a passkey for the operation, and returns the options for the browser. `None` if the user has no
    /// passkey.
    pub(super) async fn start_passkey_factor(
        &self,
        operation: &InterruptedOperation,
        origin: &RequestMetadata,
    ) -> Result<Option<String>, StoreError> {
        let started = match self.start_second_factor(operation.user, origin).await {
            Ok(Some(started)) => started,
            Ok(None) => return Ok(None),
            Err(StartCeremonyError::Store(error)) => return Err(error),
            Err(error) => return Err(StoreError::Other(Box::new(error))),
        };
        self.ports.factors.set_ceremony(&operation.token, &started.id.to_string()).await?;
        Ok(Some(started.options.as_json().to_owned()))
    }

    /// Returns whether the credential is of a passkey of the user and answers the options of the operation. The options can
    /// be answered once.
    pub(super) async fn check_passkey_factor(
        &self,
        operation: &InterruptedOperation,
        credential: &str,
    ) -> Result<bool, StoreError> {
        let Some(ceremony) = operation.ceremony.clone() else { return Ok(false) };
        let Ok(credential) = CredentialResponse::try_from(credential.to_owned()) else { return Ok(false) };
        let checked = self.check_second_factor(operation.user, &PasskeyProof { ceremony, credential }).await;
        checked.map_err(|error| match error {
            CheckPasskeyError::Store(error) => error,
            CheckPasskeyError::WebAuthn(error) => StoreError::Other(Box::new(error)),
        })
    }
}
