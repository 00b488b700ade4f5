//! Authentication by access token.

use tessera_kernel::{Principal, StoreError};

use crate::{Identity, model::KnownSession, ports::TokenError};

/// Why the authentication failed.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The token is not valid, or its session has ended.
    #[error("the token is not valid")]
    InvalidToken,
    /// Storage failed, so the state of the session is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Verifies an access token and finds its session. The use of the session is collected for
    /// [`Self::record_session_uses`].
    ///
    /// # Errors
    /// Fails when the token is not valid, its session has ended or expired, or storage fails.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AuthenticateError> {
        let claims = match self.ports.signer.verify(token) {
            Ok(claims) => claims,
            Err(TokenError::Invalid | TokenError::Signing(_)) => return Err(AuthenticateError::InvalidToken),
        };
        let known = self.ports.store.find_session(claims.session).await?;
        // The times of the token come from the database clock. So they are compared with the time that was read
        // together with the session.
        let good = |known: &KnownSession| {
            known.session.user_id == claims.user && known.is_live() && claims.is_valid_at(known.at)
        };
        let known = known.filter(good).ok_or(AuthenticateError::InvalidToken)?;
        self.session_uses.note(&known);
        let KnownSession { session, at } = known;
        let (id, signed_in_at) = (session.user_id, session.created_at);
        Ok(Principal::User { id, session: session.id, signed_in_at, checked_at: at })
    }
}
