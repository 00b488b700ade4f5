//! Consumption of a challenge when the rest of the request is invalid.

use tessera_kernel::StoreError;

use crate::{Identity, model::Nonce};

impl Identity {
    /// Deletes the challenge with that nonce, if there is one. The caller has presented the nonce and gets no second
    /// attempt.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn spend_challenge(&self, nonce: &str) -> Result<(), StoreError> {
        // A malformed nonce matches no challenge.
        let Ok(nonce) = nonce.parse::<Nonce>() else { return Ok(()) };
        self.ports.challenges.take(&nonce).await.map(drop)
    }
}
