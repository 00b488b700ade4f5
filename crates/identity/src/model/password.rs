//! Passwords: new ones are held to a length, presented ones to nothing but a bound.

use std::str::FromStr;

use tessera_kernel::{Secret, text::nfc};

/// A password that somebody wants to have: 8 to 128 characters of any kind, counted as code points after NFC.
#[derive(Debug, Clone)]
pub struct Password(Secret<String>);

/// The text can't become a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer characters than the floor.
    #[error("must have at least {min} characters")]
    TooShort {
        /// The fewest allowed.
        min: usize,
    },
    /// More characters than are ever hashed.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The most allowed.
        max: usize,
    },
}

impl Password {
    /// The floor under every configured minimum, in code points.
    pub const MIN_LENGTH: usize = 8;
    /// The most that is accepted, in code points. Nothing is ever cut off.
    pub const MAX_LENGTH: usize = 128;

    /// The password in NFC.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// How many code points it has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.expose().chars().count()
    }
}

/// NFC never grows a text by more than this factor (Unicode Standard Annex #15, table "Maximum Expansion Factors").
const NFC_EXPANSION: usize = 3;

/// Normalises what may still be short enough; `None` spares the work on what can't be.
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

    /// What was typed turns out to be meant as a new password.
    fn try_from(attempt: &PasswordAttempt) -> Result<Self, PasswordError> {
        attempt.expose().ok_or(PasswordError::TooLong { max: Self::MAX_LENGTH })?.parse()
    }
}

/// What somebody presents as their password: any text, since a wrong one is not malformed.
#[derive(Debug, Clone)]
pub struct PasswordAttempt(Option<Secret<String>>);

impl PasswordAttempt {
    /// Takes any text. One that is longer than a password can be is remembered only as such.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(normalised(text).map(Secret::new))
    }

    /// The text in NFC; `None` when it is too long to be anybody's password and must not be hashed.
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        self.0.as_ref().map(|text| text.expose().as_str())
    }
}

/// A stored password hash in PHC string format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(Secret<String>);

impl PasswordHash {
    /// Takes a PHC string from the hasher or from storage.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(Secret::new(phc))
    }

    /// The PHC string, for the hasher and for storage.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What the hash costs to compute. `None` for a text that is no PHC string.
    #[must_use]
    pub fn cost(&self) -> Option<HashCost> {
        let mut segments = self.expose().strip_prefix('$')?.split('$');
        let algorithm = segments.next()?;
        let parameters = segments.take_while(|segment| segment.contains('='));
        Some(HashCost(parameters.fold(format!("${algorithm}$"), |cost, segment| cost + segment + "$")))
    }
}

/// The beginning of a PHC string, up to the salt: the algorithm, its version and its parameters. Hashes that begin alike
/// cost alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HashCost(String);

impl HashCost {
    /// Takes the text from storage or from a hasher.
    #[must_use]
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The text, with a `$` at both ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
