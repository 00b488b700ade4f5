//! An application sends a browser to sign in.

use tessera_kernel::{Network, OnConflict, StoreError};
use time::Duration;

use crate::{
    SingleSignOn,
    model::{SsoRequest, SsoSecret, SsoSession, SsoSessionId, SsoStep},
    ports::SsoBounds,
};

/// How long somebody may take, from the first page to the signature.
pub(crate) const SSO_SESSION_TTL: Duration = Duration::minutes(10);

/// How many unfinished sign-ins are kept. One network cannot fill the share of an application by itself: the limit
/// `challenge` admits 600 in the lifetime of a session on one node, and this bound as many on all nodes.
pub(crate) const SSO_BOUNDS: SsoBounds = SsoBounds { per_application: 10_000, per_network: 600 };

/// A session of the sign-in page, and what binds it to the browser.
#[derive(Debug)]
pub struct BegunSso {
    /// The session.
    pub session: SsoSession,
    /// For the browser, and for it alone.
    pub browser: SsoSecret,
}

/// No session was begun. Whoever asked must not be sent anywhere.
#[derive(Debug, thiserror::Error)]
pub enum BeginSsoError {
    /// There is no such application.
    #[error("there is no such application")]
    UnknownApplication,
    /// The application has not registered this address, to the letter.
    #[error("the application has not registered this redirect URI")]
    RedirectUriNotRegistered,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SingleSignOn {
    /// Begins a sign-in for an application. Where too many are unfinished, the least promising ones end for it, as
    /// [`SsoSessions::make_room`](crate::ports::SsoSessions::make_room) says.
    ///
    /// # Errors
    /// See [`BeginSsoError`].
    pub async fn begin(&self, request: SsoRequest, network: Option<Network>) -> Result<BegunSso, BeginSsoError> {
        let party = self.ports.relying_parties.find_relying_party(request.application).await?;
        let party = party.ok_or(BeginSsoError::UnknownApplication)?;
        if !party.takes(&request.redirect_uri) {
            return Err(BeginSsoError::RedirectUriNotRegistered);
        }
        let browser = SsoSecret::generate(&*self.ports.entropy);
        let now = self.ports.store.now().await?;
        let session = SsoSession {
            id: SsoSessionId::generate(&*self.ports.entropy),
            request,
            browser: self.ports.digest.digest(browser.expose()),
            step: SsoStep::Begun,
            created_at: now,
            expires_at: now + SSO_SESSION_TTL,
            network,
        };
        let mut tx = self.ports.store.begin().await?;
        // It was there a moment ago: a conflict says that it has been deleted since.
        tx.sso_sessions().insert(&session).await.on_conflict(BeginSsoError::UnknownApplication)?;
        tx.sso_sessions().make_room(&session, SSO_BOUNDS).await?;
        tx.commit().await?;
        Ok(BegunSso { session, browser })
    }
}
