//! Making and reading the user token.

use tessera_kernel::{Secret, SessionId, UserId};
use time::{Duration, OffsetDateTime};
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

/// How far clocks may differ from each other, where a token is judged.
const LEEWAY: Duration = Duration::seconds(30);

impl AccessClaims {
    /// Whether that time lies between `iat` and `exp`, give or take 30 s.
    #[must_use]
    pub fn is_valid_at(&self, time: OffsetDateTime) -> bool {
        time + LEEWAY >= self.issued_at && time - LEEWAY < self.expires_at
    }
}

/// A token could not be made or is not good.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The token is malformed, forged, or made for somebody or something else.
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

    /// Reads a token. The algorithm, issuer, audience and kind are the signer's own, never the token's choice. Its times
    /// are left to [`AccessClaims::is_valid_at`]: only the database knows the time that they are judged by.
    ///
    /// # Errors
    /// [`TokenError::Invalid`], whatever the fault.
    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError>;
}
