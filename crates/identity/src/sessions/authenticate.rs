//! Authentication by access token.

use tessera_kernel::{Principal, StoreError};

use crate::{
    Identity,
    model::{KnownSession, Session},
    ports::{AccessClaims, TokenError},
};

tessera_kernel::error_enum! {
    /// Why the authentication failed.
    pub enum AuthenticateError {
        /// The token is malformed, forged, issued in the future, or of the session of another user.
        #[error("the token is not valid")]
        InvalidToken,
        /// This service issued the token, and its time is over.
        #[error("the token has expired")]
        ExpiredToken,
        /// This service issued the token, and its session has ended or was deleted.
        #[error("the session has ended")]
        SessionEnded,
    }
    from
        /// The state of the session is unknown.
        Store(StoreError),
}

impl Identity {
    /// Learns of new secrets of user tokens and refresh tokens. Every node calls it periodically.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn learn_secrets(&self) -> Result<(), StoreError> {
        self.ports.signer.learn_secrets().await?;
        self.ports.refresh_codes.learn_secrets().await
    }

    /// Verifies an access token and finds its session. The use of the session is collected for
    /// [`Self::record_session_uses`].
    ///
    /// # Errors
    /// Fails when the token is not valid, its session has ended or expired, or storage fails.
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AuthenticateError> {
        let mut claims = self.ports.signer.verify(token);
        if matches!(claims, Err(TokenError::UnknownSecret)) {
            self.ports.signer.learn_secrets().await?;
            claims = self.ports.signer.verify(token);
        }
        let claims = claims.map_err(|_| AuthenticateError::InvalidToken)?;
        let known = self.ports.store.find_session(claims.session).await?;
        let known = known.ok_or(AuthenticateError::SessionEnded)?;
        check(&claims, &known)?;
        self.session_uses.note(&known);
        let KnownSession { session, at } = known;
        let Session { id: session, user_id: id, authenticated_at, methods, .. } = session;
        Ok(Principal::User { id, session, authenticated_at, checked_at: at, mfa: methods.is_mfa() })
    }
}

/// The signer has verified the claims, so only the owner of a token learns why it is rejected.
fn check(claims: &AccessClaims, known: &KnownSession) -> Result<(), AuthenticateError> {
    // The times of the token come from the database clock. So they are compared with the time that was read together
    // with the session.
    if known.session.user_id != claims.user {
        Err(AuthenticateError::InvalidToken)
    } else if claims.has_expired_at(known.at) {
        Err(AuthenticateError::ExpiredToken)
    } else if !claims.is_valid_at(known.at) {
        Err(AuthenticateError::InvalidToken)
    } else if known.is_live() {
        Ok(())
    } else {
        Err(AuthenticateError::SessionEnded)
    }
}
