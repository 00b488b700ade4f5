//! The sign-in page asks what it is to show.

use tessera_kernel::StoreError;

use crate::{
    SingleSignOn,
    model::{SsoSecret, SsoSessionId, SsoStep},
};

/// What a person is to know of a sign-in before they agree to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoView {
    /// The name of the application.
    pub application: String,
    /// Where the browser will go.
    pub redirect_uri: String,
    /// Whether somebody has signed in by it already.
    pub used: bool,
}

/// There is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ViewSsoError {
    /// The session never was, is over, belongs to another browser, or would return to an address that the application has
    /// given up: which, is not said.
    #[error("there is no such sign-in")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SingleSignOn {
    /// Shows a sign-in to the browser that began it. Changes nothing.
    ///
    /// # Errors
    /// See [`ViewSsoError`].
    pub async fn view(&self, id: SsoSessionId, browser: &SsoSecret) -> Result<SsoView, ViewSsoError> {
        let session = self.ports.store.find_sso_session(id).await?.ok_or(ViewSsoError::NotFound)?;
        if !self.is_theirs(&session, browser, self.ports.store.now().await?) {
            return Err(ViewSsoError::NotFound);
        }
        let party = self.ports.relying_parties.find_relying_party(session.request.application).await?;
        // Nobody is shown the way to an address that the application has given up.
        let party = party.filter(|party| party.takes(&session.request.redirect_uri)).ok_or(ViewSsoError::NotFound)?;
        let used = matches!(session.step, SsoStep::Done { .. });
        Ok(SsoView { application: party.name, redirect_uri: session.request.redirect_uri, used })
    }
}
