//! Audience of a service token.

use std::{fmt, str::FromStr};

use tessera_kernel::{ApplicationId, text::is_deceptive};

/// Audience of a service token: a `StringOrURI` (RFC 7519 section 2) of 1 to 200 characters. It is compared byte by byte.
/// An application id is converted to lower case.
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
    /// The text contains a control character or a character that changes the writing direction.
    #[error("must not contain control or bidirectional formatting characters")]
    ForbiddenCharacter,
    /// The text contains a colon and is not a URI.
    #[error("must be a URI such as https://games.example.com, or a name without a colon such as games")]
    NotAUri,
}

impl Audience {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 200;

    /// Returns the audience as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the application that the audience names, if its text is an id.
    #[must_use]
    pub fn application(&self) -> Option<ApplicationId> {
        self.0.parse().ok()
    }
}

/// Returns whether a text with a colon is a URI: a scheme (RFC 3986 section 3.1) followed by URI characters.
fn is_uri(scheme: &str, rest: &str) -> bool {
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let in_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(in_scheme);
    scheme && !rest.is_empty() && rest.chars().all(in_uri)
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        if text.is_empty() {
            return Err(AudienceError::Empty);
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(AudienceError::TooLong);
        }
        if text.contains(is_deceptive) {
            return Err(AudienceError::ForbiddenCharacter);
        }
        match text.split_once(':') {
            Some((scheme, rest)) if !is_uri(scheme, rest) => Err(AudienceError::NotAUri),
            _ => Ok(Self(text.parse::<ApplicationId>().map_or_else(|_| text.to_owned(), |id| id.to_string()))),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
