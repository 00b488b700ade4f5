//! A way back in for whoever has forgotten their password, or never had one: asked for by anybody, mailed to the address of
//! the account, used once.

use std::str::FromStr;

use tessera_kernel::{EmailAddress, Entropy, LinkToken, LinkTokenError, Origin, ResetRequestId, SecretHash, UserId};
use time::{Duration, OffsetDateTime};

/// What sets a new password. It stands in the mail and nowhere else.
#[derive(Debug, Clone)]
pub struct ResetToken(LinkToken);

impl ResetToken {
    /// Draws a new one.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(LinkToken::generate(entropy))
    }

    /// The token, for the mail and for its hash.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for ResetToken {
    type Err = LinkTokenError;

    fn from_str(text: &str) -> Result<Self, LinkTokenError> {
        text.parse().map(Self)
    }
}

/// Somebody's wish for a new password, as it waits to be looked at. Whether the address has an account is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRequest {
    /// Its id.
    pub id: ResetRequestId,
    /// The address that was named.
    pub email: EmailAddress,
    /// Where the wish came from.
    pub origin: Origin,
    /// From when on nobody waits for an answer any more.
    pub expires_at: OffsetDateTime,
}

/// A token that went to an account's address, as it is kept: the token itself is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordReset {
    /// Whose password it sets.
    pub user: UserId,
    /// The address that it went to. Once the account has another, the token is worth nothing.
    pub email: EmailAddress,
    /// Hash of the token.
    pub hash: SecretHash,
    /// From when on it is worth nothing.
    pub expires_at: OffsetDateTime,
}

impl PasswordReset {
    /// How long a token serves.
    pub const TTL: Duration = Duration::minutes(30);
}
