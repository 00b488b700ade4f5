//! Telling passwords that would soon be guessed.

use async_trait::async_trait;

use super::{HashError, Requester};
use crate::model::Password;

/// Why a password would be guessed, and what would be better.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{warning}")]
pub struct Guessable {
    /// What makes it easy.
    pub warning: String,
    /// How to do better.
    pub suggestions: Vec<String>,
}

/// Judges new passwords without asking anybody outside.
#[async_trait]
pub trait PasswordStrength: Send + Sync {
    /// `Ok(Some(_))` when an attacker who knows the common passwords and these words about the account would find it soon.
    /// That includes passwords that are made of these words, however often and however decorated: what is left without
    /// them has to be strong.
    async fn weakness(
        &self,
        password: &Password,
        about: &[String],
        requester: Requester,
    ) -> Result<Option<Guessable>, HashError>;
}
