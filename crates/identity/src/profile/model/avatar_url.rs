//! URL of a user's picture.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// An absolute ASCII `https` URL without user info. `http` is allowed for IP address literals of the loopback
/// interface. This service never fetches the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarUrl(String);

/// Why a text is not an avatar URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AvatarUrlError {
    /// The text has too many characters.
    #[error("must have at most 2048 characters")]
    TooLong,
    /// The text is not an absolute ASCII URL, or a browser would interpret it differently from how it is written.
    #[error("must be an absolute URL in its ASCII form, without user info")]
    Malformed,
    /// The scheme is neither `https` nor `http` with a loopback address.
    #[error("must use https, or http with the loopback address 127.0.0.1 or [::1]")]
    InsecureScheme,
}

impl AvatarUrl {
    /// Maximum length in characters.
    pub const MAX_LENGTH: usize = 2048;

    /// Returns the URL as it was given.
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
        // A page may put the URL into an HTML attribute. So reject characters that end an attribute, and characters
        // that URL parsers of browsers silently correct.
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
