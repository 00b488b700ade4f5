//! Making and reading the user token.

use tessera_kernel::{Secret, SessionId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

/// What a user token says, beyond who made it for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessClaims {
    /// `sub`
    pub user: UserId,
    /// `sid`
    pub session: SessionId,
    /// `jti`
    pub token_id: Uuid,
    /// `iat`, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// `exp`, in whole seconds.
    pub expires_at: OffsetDateTime,
}

/// A token could not be made or is not good.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The token is malformed, forged, expired, or made for somebody or something else.
    #[error("the token is not valid")]
    Invalid,
    /// Signing failed.
    #[error("the token could not be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Signs user tokens and reads them back.
pub trait TokenSigner: Send + Sync {
    /// Makes a token of these claims.
    ///
    /// # Errors
    /// [`TokenError::Signing`].
    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError>;

    /// Reads a token. The algorithm, issuer, audience and kind are the signer's own, never the token's choice, and the
    /// time must lie between `iat` and `exp`, give or take 30 s.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], whatever the fault.
    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError>;
}
