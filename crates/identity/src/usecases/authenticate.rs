//! A token becomes somebody.

use tessera_kernel::{Principal, StoreError};

use crate::{Identity, ports::TokenError};

/// The token stands for nobody.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticateError {
    /// The token is not valid, or its session has ended.
    #[error("the token is not valid")]
    InvalidToken,
    /// Storage failed, so nothing can be said of the session.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Reads a user token and looks its session up.
    ///
    /// # Errors
    /// See [`AuthenticateError`].
    pub async fn authenticate(&self, token: &str) -> Result<Principal, AuthenticateError> {
        let claims = match self.ports.signer.verify(token) {
            Ok(claims) => claims,
            Err(TokenError::Invalid | TokenError::Signing(_)) => return Err(AuthenticateError::InvalidToken),
        };
        let session = self.ports.store.find_session(claims.session).await?.ok_or(AuthenticateError::InvalidToken)?;
        if session.user_id != claims.user || !session.is_live(self.ports.clock.now()) {
            return Err(AuthenticateError::InvalidToken);
        }
        Ok(Principal::User { id: session.user_id, session: session.id, signed_in_at: session.created_at })
    }
}
