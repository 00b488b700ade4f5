//! Random secrets as text that programs can recognize.

use crate::{Entropy, Secret, secret_text};

/// A secret of 256 random bits with a prefix that shows its kind, in the form of [`secret_text`]. Each kind of secret wraps it in
/// its own type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretToken(Secret<String>);

/// The text does not have the format of a secret of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a token of this kind")]
pub struct SecretTokenError;

impl SecretToken {
    /// Generates a secret.
    #[must_use]
    pub fn generate(prefix: &str, entropy: &dyn Entropy) -> Self {
        let mut random = [0; 32];
        entropy.fill(&mut random);
        Self::of_random(prefix, random)
    }

    /// The secret for these random bytes.
    #[must_use]
    pub fn of_random(prefix: &str, random: [u8; 32]) -> Self {
        Self(Secret::new(secret_text::encode(prefix, random)))
    }

    /// Reads a secret of that prefix.
    ///
    /// # Errors
    /// The prefix, the length, a digit or the checksum is wrong.
    pub fn parse(prefix: &str, text: &str) -> Result<Self, SecretTokenError> {
        if secret_text::is_well_formed(prefix, text) {
            Ok(Self(Secret::new(text.to_owned())))
        } else {
            Err(SecretTokenError)
        }
    }

    /// The secret as clients send it, and for hashing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}
