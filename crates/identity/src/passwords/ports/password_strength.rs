//! Password strength estimation.

use async_trait::async_trait;

use super::password_hasher::HashError;
use crate::{passwords::model::Password, requester::Requester};

/// Why a password is easy to guess, and how to improve it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{warning}")]
pub struct WeakPassword {
    /// The weakness of the password.
    pub warning: String,
    /// Hints for a better password.
    pub suggestions: Vec<String>,
    /// Whether the password is known from a data breach.
    pub breached: bool,
}

impl WeakPassword {
    /// Returns the weakness and the hints, for the user.
    #[must_use]
    pub fn advice(&self) -> String {
        let sentences = std::iter::once(&self.warning).chain(&self.suggestions);
        sentences.map(|sentence| sentence.trim_end_matches('.')).collect::<Vec<_>>().join("; ")
    }
}

/// Rates new passwords without an external service.
#[async_trait]
pub trait PasswordStrength: Send + Sync {
    /// Returns `Ok(Some(_))` if an attacker who knows common passwords and the words in `about` would guess the
    /// password soon. Passwords that are made of these words are weak too, even if the words are repeated or decorated:
    /// the rest of the password without them must be strong.
    async fn weakness(
        &self,
        password: &Password,
        about: &[String],
        requester: Requester,
    ) -> Result<Option<WeakPassword>, HashError>;
}
