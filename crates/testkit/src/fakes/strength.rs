//! Fake password strength check with a short list.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tessera_identity::{
    model::Password,
    ports::{HashError, PasswordStrength, Requester, WeakPassword},
};

/// Rejects a fixed list of passwords, and records the account words of the last check.
#[derive(Debug, Default)]
pub struct FakeStrength {
    refused: Vec<String>,
    words: Mutex<Vec<String>>,
}

impl FakeStrength {
    /// Creates a check that rejects the given passwords and accepts all others.
    #[must_use]
    pub fn refusing(passwords: &[&str]) -> Self {
        Self { refused: passwords.iter().map(ToString::to_string).collect(), words: Mutex::default() }
    }

    /// The account words of the last check.
    #[must_use]
    pub fn last_words(&self) -> Vec<String> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl PasswordStrength for FakeStrength {
    async fn weakness(
        &self,
        password: &Password,
        about: &[String],
        _: Requester,
    ) -> Result<Option<WeakPassword>, HashError> {
        *self.words.lock().unwrap_or_else(PoisonError::into_inner) = about.to_vec();
        let refused = self.refused.iter().any(|known| known == password.expose());
        let advice = || WeakPassword {
            warning: "this is a very common password".to_owned(),
            suggestions: vec!["add another word or two".to_owned()],
            breached: false,
        };
        Ok(refused.then(advice))
    }
}
