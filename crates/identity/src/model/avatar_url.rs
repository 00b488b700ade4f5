//! Where a user's picture is.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// An absolute `https` URL, or `http` on a loopback literal, in ASCII and without user info. This service never fetches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarUrl(String);

/// The text can't be the URL of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AvatarUrlError {
    /// Too many characters.
    #[error("must have at most 2048 characters")]
    TooLong,
    /// Not an absolute URL in ASCII, or one that a browser would read differently than it is written.
    #[error("must be an absolute URL in its ASCII form, without user info")]
    Malformed,
    /// Another scheme, or `http` to somewhere else.
    #[error("must use https, or http with the loopback address 127.0.0.1 or [::1]")]
    InsecureScheme,
}

impl AvatarUrl {
    /// The longest URL, in characters.
    pub const MAX_LENGTH: usize = 2048;

    /// The URL, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AvatarUrl {
    type Err = AvatarUrlError;

    fn from_str(text: &str) -> Result<Self, AvatarUrlError> {
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(AvatarUrlError::TooLong);
        }
        // A page may put it into an attribute: nothing that ends one, and nothing that a parser for browsers forgives.
        if !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains(['\\', '"', '\'', '<', '>', '`']) {
            return Err(AvatarUrlError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| AvatarUrlError::Malformed)?;
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(AvatarUrlError::InsecureScheme);
        }
        let bare_origin = url.path() == "/" && url.as_str().strip_suffix('/') == Some(text);
        let plain = url.as_str() == text || bare_origin;
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return Err(AvatarUrlError::Malformed);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AvatarUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
