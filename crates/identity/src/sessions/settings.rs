//! Lifetimes of sessions with refresh tokens.

use time::Duration;

/// Lifetimes of sessions with refresh tokens, and of their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshSettings {
    /// How long an access token is valid.
    pub access_ttl: Duration,
    /// How long after the last refresh the session expires.
    pub idle: Duration,
    /// How long after the sign-in the session expires in any case.
    pub max: Duration,
    /// How long a used refresh token returns the newest one, after its first use.
    pub grace: Duration,
}

impl RefreshSettings {
    /// The lifetime of a session before its first refresh.
    #[must_use]
    pub fn first_lifetime(&self) -> Duration {
        self.idle.min(self.max)
    }
}

impl Default for RefreshSettings {
    fn default() -> Self {
        Self {
            access_ttl: Duration::seconds(900),
            idle: Duration::days(14),
            max: Duration::days(90),
            grace: Duration::seconds(10),
        }
    }
}
