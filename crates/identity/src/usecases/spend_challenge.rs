//! A challenge is used up by somebody who answers it with what can't be read.

use tessera_kernel::StoreError;

use crate::{Identity, model::Nonce};

impl Identity {
    /// Takes the challenge with that nonce away, if there is one: who knows the nonce has come with it, and has no second
    /// try.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn spend_challenge(&self, nonce: &str) -> Result<(), StoreError> {
        // One that is none was given to nobody.
        let Ok(nonce) = nonce.parse::<Nonce>() else { return Ok(()) };
        self.ports.challenges.take(&nonce).await.map(drop)
    }
}
