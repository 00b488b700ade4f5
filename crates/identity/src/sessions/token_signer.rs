//! Signing and verification of user tokens.

use tessera_kernel::{Secret, SessionId, UserId};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Claims of a user token, except the issuer and the audience.
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

/// Tolerated clock difference when a token is verified.
const LEEWAY: Duration = Duration::seconds(30);

impl AccessClaims {
    /// Returns whether the time is between `iat` and `exp`, with a tolerance of 30 s.
    #[must_use]
    pub fn is_valid_at(&self, time: OffsetDateTime) -> bool {
        time + LEEWAY >= self.issued_at && time - LEEWAY < self.expires_at
    }
}

/// Why a token could not be signed or is invalid.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The token is malformed, forged, or has another audience or type.
    #[error("the token is not valid")]
    Invalid,
    /// Signing failed.
    #[error("the token could not be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Signs and verifies user tokens.
pub trait TokenSigner: Send + Sync {
    /// Signs a token with these claims.
    ///
    /// # Errors
    /// Fails with [`TokenError::Signing`] when signing fails.
    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError>;

    /// Verifies a token. The signer fixes the algorithm, issuer, audience and type. The token cannot choose them. The
    /// times are not checked here but by [`AccessClaims::is_valid_at`], because they are compared with the database
    /// clock.
    ///
    /// # Errors
    /// Fails with [`TokenError::Invalid`] for every defect.
    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError>;
}
