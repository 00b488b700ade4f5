//! For whom a service token is.

use std::{fmt, str::FromStr};

/// The name by which a service knows that a token is for it: 1 to 200 characters that a URI may have, compared as they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience(String);

/// The text can't name an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AudienceError {
    /// Nothing is there.
    #[error("must not be empty")]
    Empty,
    /// It has more characters than [`Audience::MAX_LENGTH`].
    #[error("must have at most {} characters", Audience::MAX_LENGTH)]
    TooLong,
    /// It holds what no URI has.
    #[error("must have only characters that a URI may have")]
    ForbiddenCharacter,
}

impl Audience {
    /// The longest name.
    pub const MAX_LENGTH: usize = 200;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it starts with a scheme and goes on behind it (RFC 3986 section 3.1), so that it can't be taken for an id.
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
