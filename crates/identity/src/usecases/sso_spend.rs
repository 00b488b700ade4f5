//! What a sign-in serves once is used up by somebody who comes with what can't be read.

use tessera_kernel::{Origin, StoreError};

use crate::{
    SingleSignOn,
    events::CodeRefusal,
    model::{SsoSecret, SsoSessionId},
};

impl SingleSignOn {
    /// Takes away what the wallet was asked in that session, if it is this browser's.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn spend_challenge(&self, session: SsoSessionId, browser: Option<SsoSecret>) -> Result<(), StoreError> {
        match browser {
            Some(browser) => self.take_challenge(session, &browser, None).await.map(drop),
            None => Ok(()),
        }
    }

    /// Uses a code up that was presented without what belongs to it. The trail tells of it.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn spend_code(&self, code: &str, origin: &Origin) -> Result<(), StoreError> {
        self.present(code, origin, |code, _, now| Self::fault_of_age(code, now).or(Some(CodeRefusal::Body)))
            .await
            .map(drop)
    }
}
