//! Content of the sign-in page.

use tessera_kernel::StoreError;

use super::model::{AuthorizationState, SsoSessionId};
use crate::{codes::model::OneTimeSecret, service::SingleSignOn};

/// Information for the user before the sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsoView {
    /// The name of the application.
    pub application: String,
    /// Where the browser will return to.
    pub redirect_uri: String,
    /// Whether a user has already signed in with this session.
    pub used: bool,
    /// Whether the sign-in has expired. The user must start again at the application.
    pub expired: bool,
}

tessera_kernel::error_enum! {
    /// Why there is no sign-in to show.
    pub enum ViewSsoError {
        /// The session does not exist or belongs to another browser, or the application has removed the redirect URI. The
        /// response is the same for all of them.
        #[error("there is no such sign-in")]
        NotFound,
    }
    from Store(StoreError)
}

impl SingleSignOn {
    /// Returns a sign-in for the browser that started it. Changes nothing.
    ///
    /// # Errors
    /// Fails when this browser has no such sign-in, or storage fails.
    pub async fn view(&self, id: SsoSessionId, browser: &OneTimeSecret) -> Result<SsoView, ViewSsoError> {
        let session = self.ports.store.find_sso_session(id).await?.ok_or(ViewSsoError::NotFound)?;
        if !self.is_bound_to(&session, browser) {
            return Err(ViewSsoError::NotFound);
        }
        let expired = self.ports.store.now().await? >= session.expires_at;
        let party = self.ports.relying_parties.find_relying_party(session.request.application).await?;
        // Do not show a redirect URI that the application has removed.
        let party = party
            .filter(|party| party.allows_redirect_uri(&session.request.redirect_uri))
            .ok_or(ViewSsoError::NotFound)?;
        let used = matches!(session.step, AuthorizationState::Completed { .. });
        Ok(SsoView { application: party.name, redirect_uri: session.request.redirect_uri, used, expired })
    }
}
