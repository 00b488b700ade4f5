//! Passwords and password hashes. New passwords must have an allowed length. Presented passwords only have an upper
//! limit.

use std::str::FromStr;

use tessera_kernel::{Secret, text::nfc};

/// A new password: 8 to 128 characters of any kind, counted as code points after NFC.
#[derive(Debug, Clone)]
pub struct Password(Secret<String>);

/// Why a text is not a valid new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The password has fewer characters than the minimum.
    #[error("must have at least {min} characters")]
    TooShort {
        /// Minimum number of characters.
        min: usize,
    },
    /// The password has more characters than the maximum.
    #[error("must have at most {max} characters")]
    TooLong {
        /// Maximum number of characters.
        max: usize,
    },
}

impl Password {
    /// Lower bound of the configured minimum length, in code points.
    pub const MIN_LENGTH: usize = 8;
    /// Maximum length in code points. Passwords are never truncated.
    pub const MAX_LENGTH: usize = 128;

    /// Returns the password in NFC.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the number of code points.
    #[must_use]
    pub fn length(&self) -> usize {
        self.expose().chars().count()
    }
}

/// NFC never grows a text by more than this factor (Unicode Standard Annex #15, table "Maximum Expansion Factors").
const NFC_EXPANSION: usize = 3;

/// Normalizes a text to NFC. Returns `None` if it is too long. A text that cannot be short enough after NFC is not
/// normalized at all.
fn normalised(text: &str) -> Option<String> {
    if text.len() > Password::MAX_LENGTH * 4 * NFC_EXPANSION {
        return None;
    }
    let text = nfc(text);
    (text.chars().count() <= Password::MAX_LENGTH).then_some(text)
}

impl FromStr for Password {
    type Err = PasswordError;

    fn from_str(text: &str) -> Result<Self, PasswordError> {
        let text = normalised(text).ok_or(PasswordError::TooLong { max: Self::MAX_LENGTH })?;
        if text.chars().count() < Self::MIN_LENGTH {
            return Err(PasswordError::TooShort { min: Self::MIN_LENGTH });
        }
        Ok(Self(Secret::new(text)))
    }
}

impl TryFrom<&PasswordAttempt> for Password {
    type Error = PasswordError;

    /// Converts a presented password to a new password.
    fn try_from(attempt: &PasswordAttempt) -> Result<Self, PasswordError> {
        attempt.expose().ok_or(PasswordError::TooLong { max: Self::MAX_LENGTH })?.parse()
    }
}

/// A presented password. Any text is allowed: a wrong password is not malformed.
#[derive(Debug, Clone)]
pub struct PasswordAttempt(Option<Secret<String>>);

impl PasswordAttempt {
    /// Accepts any text. A text that is longer than a password can be is not stored, only the fact that it is too long.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(normalised(text).map(Secret::new))
    }

    /// Returns the text in NFC, or `None` if it is too long for a password and must not be hashed.
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        self.0.as_ref().map(|text| text.expose().as_str())
    }
}

/// A stored password hash in PHC string format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(Secret<String>);

impl PasswordHash {
    /// Wraps a PHC string from the hasher or from storage.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(Secret::new(phc))
    }

    /// Returns the PHC string, for the hasher and for storage.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the computation cost of the hash, or `None` if the text is not a PHC string.
    #[must_use]
    pub fn cost(&self) -> Option<HashCost> {
        let mut segments = self.expose().strip_prefix('$')?.split('$');
        let algorithm = segments.next()?;
        let parameters = segments.take_while(|segment| segment.contains('='));
        Some(HashCost(parameters.fold(format!("${algorithm}$"), |cost, segment| cost + segment + "$")))
    }
}

/// The start of a PHC string up to the salt: algorithm, version and parameters. Hashes with the same start cost the
/// same work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashCost(String);

impl HashCost {
    /// Wraps the text from storage or from a hasher.
    #[must_use]
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, with a `$` at both ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
