//! Start of a single sign-on.

use tessera_kernel::{Network, OnConflict, StoreError};
use time::Duration;

use super::model::{AuthorizationState, SsoRequest, SsoSession, SsoSessionId};
use crate::{codes::model::OneTimeSecret, service::SingleSignOn};

/// Maximum time from the first page to the signature.
pub(crate) const SSO_SESSION_TTL: Duration = Duration::minutes(10);

/// A new sign-in page session and the secret that binds it to the browser.
#[derive(Debug)]
pub struct BegunSso {
    /// The session.
    pub session: SsoSession,
    /// The secret. Only this browser may receive it.
    pub browser: OneTimeSecret,
}

tessera_kernel::error_enum! {
    /// Why no session was started. The browser must not be redirected to the requested URI.
    pub enum BeginSsoError {
        /// There is no such application.
        #[error("there is no such application")]
        UnknownApplication,
        /// The application has not registered exactly this redirect URI.
        #[error("the application has not registered this redirect URI")]
        RedirectUriNotRegistered,
    }
    from Store(StoreError)
}

impl SingleSignOn {
    /// Starts a sign-in to an application. If there are too many unfinished sign-ins, it ends the ones that
    /// [`SsoSessions::make_room`](crate::ports::SsoSessions::make_room) selects.
    ///
    /// # Errors
    /// Fails when the application is unknown, the redirect URI is not registered, or storage fails.
    pub async fn begin(&self, request: SsoRequest, network: Option<Network>) -> Result<BegunSso, BeginSsoError> {
        let party = self.ports.relying_parties.find_relying_party(request.application).await?;
        let party = party.ok_or(BeginSsoError::UnknownApplication)?;
        if !party.allows_redirect_uri(&request.redirect_uri) {
            return Err(BeginSsoError::RedirectUriNotRegistered);
        }
        let browser = OneTimeSecret::generate(&*self.ports.system.entropy);
        let now = self.ports.store.now().await?;
        let session = SsoSession {
            id: SsoSessionId::generate(&*self.ports.system.entropy),
            request,
            browser: self.ports.digest.digest(browser.expose()),
            step: AuthorizationState::Started,
            created_at: now,
            expires_at: now + SSO_SESSION_TTL,
            network,
        };
        let mut tx = self.ports.store.begin().await?;
        // The application existed a moment ago. A conflict means that it was deleted meanwhile.
        tx.sso_sessions().insert(&session).await.on_conflict(BeginSsoError::UnknownApplication)?;
        tx.sso_sessions().make_room(&session, self.bounds).await?;
        tx.commit().await?;
        Ok(BegunSso { session, browser })
    }
}
