//! Consumption of a challenge when the rest of the request is invalid.

use tessera_kernel::StoreError;

use super::model::SsoSessionId;
use crate::{codes::model::OneTimeSecret, service::SingleSignOn};

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
}
