//! Consumption of challenges and codes when the rest of the request is invalid.

use tessera_kernel::{RequestMetadata, StoreError};

use crate::{
    SingleSignOn,
    events::CodeRefusal,
    model::{OneTimeSecret, SsoSessionId},
};

impl SingleSignOn {
    /// Consumes the challenge of the session, if the session belongs to this browser.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn spend_challenge(
        &self,
        session: SsoSessionId,
        browser: Option<OneTimeSecret>,
    ) -> Result<(), StoreError> {
        match browser {
            Some(browser) => self.take_challenge(session, &browser, None).await.map(drop),
            None => Ok(()),
        }
    }

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
