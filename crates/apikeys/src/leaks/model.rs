//! Reports of leaked keys.

use std::{fmt, str::FromStr};

use tessera_kernel::{EmailAddress, Secret, text_value};
use url::Url;

use super::finder::KeyFinder;

text_value! {
    /// The party that found a key, or the program that did.
    LeakSource, single_line, 100;
}

/// The texts of a report: 1 to [`Self::MAX`]. They need not be keys.
#[derive(Debug)]
pub struct LeakedKeys(Vec<Secret<String>>);

/// Why a list is not one of leaked keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeakedKeysError {
    /// The list is empty.
    #[error("must have at least one entry")]
    Empty,
    /// The list is too long.
    #[error("must have at most {} entries", LeakedKeys::MAX)]
    TooMany,
}

impl LeakedKeys {
    /// The maximum number of texts.
    pub const MAX: usize = 100;

    /// The texts.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| text.expose().trim())
    }
}

impl TryFrom<Vec<Secret<String>>> for LeakedKeys {
    type Error = LeakedKeysError;

    fn try_from(texts: Vec<Secret<String>>) -> Result<Self, LeakedKeysError> {
        match texts.len() {
            0 => Err(LeakedKeysError::Empty),
            1..=Self::MAX => Ok(Self(texts)),
            _ => Err(LeakedKeysError::TooMany),
        }
    }
}

/// Where keys were found: an absolute ASCII `http` or `https` URL without user info. This service never fetches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakUrl(String);

/// Why a text is not the URL of a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeakUrlError {
    /// The text has too many characters.
    #[error("must have at most {} characters", LeakUrl::MAX_LENGTH)]
    TooLong,
    /// The text is not such a URL.
    #[error("must be an absolute http or https URL in its ASCII form, without user info")]
    Malformed,
}

impl LeakUrl {
    /// The maximum length in characters.
    pub const MAX_LENGTH: usize = 2000;

    /// The URL as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LeakUrl {
    type Err = LeakUrlError;

    fn from_str(text: &str) -> Result<Self, LeakUrlError> {
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(LeakUrlError::TooLong);
        }
        // Without white space, the URL cannot contain a message to the recipient of the mail about the leak.
        let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
        let url = Url::parse(text).ok().filter(|_| graphic).ok_or(LeakUrlError::Malformed)?;
        let of_web = matches!(url.scheme(), "http" | "https");
        if !of_web || !url.username().is_empty() || url.password().is_some() {
            return Err(LeakUrlError::Malformed);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a report says about a leak. Anyone can send a report, so nothing in it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakReport {
    /// The finder as the reporter names it, without the keys in the text.
    pub source: Option<String>,
    /// Where they were found.
    pub url: Option<String>,
}

impl LeakReport {
    /// A report without the keys in its texts: a URL may contain the key that it led to.
    pub(super) fn new(source: Option<&LeakSource>, url: Option<&LeakUrl>) -> Self {
        Self {
            source: source.map(|source| without_keys(source.as_str())),
            url: url.map(|url| without_keys(url.as_str())),
        }
    }
}

/// Replaces each key in one line of text by its shown characters.
fn without_keys(text: &str) -> String {
    let (mut result, mut rest) = (text.to_owned(), Vec::new());
    KeyFinder::default().feed(text.as_bytes(), |found| rest.push(found.key));
    for key in rest {
        result = result.replace(key.expose(), &format!("{}…", key.shown()));
    }
    result
}

/// An owner of the organization of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationOwner {
    /// The email address.
    pub email: EmailAddress,
    /// Whether the owner has opened the organization. Any user can add another one to an organization.
    pub opened: bool,
}

impl fmt::Display for LeakUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
