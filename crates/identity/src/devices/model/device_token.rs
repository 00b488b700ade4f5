//! Device tokens.

use std::str::FromStr;

use tessera_kernel::{Entropy, SecretToken, SecretTokenError};
use time::Duration;

/// A secret that a client keeps after a sign-in, and sends with the next one. It shows that the request comes from a device
/// of the user, so that the guesses of others cannot lock the user out. It opens no session and replaces no factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceToken(SecretToken);

impl DeviceToken {
    /// The prefix of every device token.
    pub const PREFIX: &str = "dt_";

    /// Maximum number of tokens per user. With one more, the least recently used one is deleted.
    pub const MOST: u8 = 20;

    /// How long a token is valid after its last use.
    pub const TTL: Duration = Duration::days(180);

    /// Generates a token.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(SecretToken::generate(Self::PREFIX, entropy))
    }

    /// The token as clients send it, and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for DeviceToken {
    type Err = SecretTokenError;

    fn from_str(text: &str) -> Result<Self, SecretTokenError> {
        SecretToken::parse(Self::PREFIX, text).map(Self)
    }
}
