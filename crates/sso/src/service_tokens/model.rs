//! Audience of a service token.

use std::{fmt, str::FromStr};

/// Audience of a service token: 1 to 200 URI characters, compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience(String);

/// Why a text is not an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// The text is empty.
    #[error("must not be empty")]
    Empty,
    /// The text has more characters than [`Audience::MAX_LENGTH`].
    #[error("must have at most {} characters", Audience::MAX_LENGTH)]
    TooLong,
    /// The text has a character that a URI must not contain.
    #[error("must have only characters that a URI may have")]
    ForbiddenCharacter,
}

impl Audience {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 200;

    /// Returns the audience as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the audience starts with a URI scheme followed by more text (RFC 3986 section 3.1). Such an
    /// audience cannot be confused with an application id.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        let Some((scheme, rest)) = self.0.split_once(':') else { return false };
        let letters = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters) && !rest.is_empty()
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let of_a_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
        if text.is_empty() {
            Err(AudienceError::Empty)
        } else if text.len() > Self::MAX_LENGTH {
            Err(AudienceError::TooLong)
        } else if text.chars().all(of_a_uri) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AudienceError::ForbiddenCharacter)
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
