//! Where a sign-in may return to. Kept to the letter, since it will be compared to the letter.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// What the answer to a sign-in adds to the query (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207).
const ANSWER: [&str; 4] = ["code", "state", "iss", "error"];

/// An absolute `https` URI, or `http` on a loopback literal (RFC 8252 section 7.3), without user info, fragment or wildcard.
/// Its query leaves the names free that the answer to a sign-in has, or the answer would have two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

/// The text can't be a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Too many bytes.
    #[error("must have at most 2048 bytes")]
    TooLong,
    /// Not an absolute URI in ASCII, or one that a browser would read differently than it is written.
    #[error("must be an absolute URI in its ASCII form")]
    Malformed,
    /// Another scheme, or `http` to somewhere else.
    #[error("must use https, or http with a loopback address, as 127.0.0.1 or [::1]")]
    InsecureScheme,
    /// Parts that a redirect URI can't have.
    #[error("must not contain user info, a fragment or a wildcard")]
    ForbiddenPart,
    /// A parameter of its own that the answer to a sign-in has too.
    #[error("must not have a parameter named code, state, iss or error: the answer to a sign-in has those")]
    TakenParameter,
}

impl RedirectUri {
    /// The longest URI, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// The URI, exactly as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes one up from storage. The names of the answer were not always kept free.
    ///
    /// # Errors
    /// See [`RedirectUriError`].
    pub fn from_storage(text: &str) -> Result<Self, RedirectUriError> {
        Self::parse(text).map(|(uri, _)| uri)
    }

    /// Whether a sign-in may return there: the query leaves the names free that the answer has.
    #[must_use]
    pub fn takes_an_answer(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| leaves_room(&url))
    }

    fn parse(text: &str) -> Result<(Self, Url), RedirectUriError> {
        if text.len() > Self::MAX_BYTES {
            return Err(RedirectUriError::TooLong);
        }
        // A parser for browsers forgives spaces, backslashes and line breaks; a registered address must not need it.
        if !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains(['\\', '"', '<', '>', '`', '{', '}', '|', '^'])
        {
            return Err(RedirectUriError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::Malformed)?;
        if text.contains(['#', '*']) || !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::ForbiddenPart);
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(_)) | None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && loopback) {
            return Err(RedirectUriError::InsecureScheme);
        }
        // What the parser reads must be what is written: no other spelling of scheme, host, port or path.
        let bare_origin = url.path() == "/" && url.as_str().strip_suffix('/') == Some(text);
        if url.as_str() != text && !bare_origin {
            return Err(RedirectUriError::Malformed);
        }
        Ok((Self(text.to_owned()), url))
    }
}

/// However the names are spelled: what reads them decodes them first.
fn leaves_room(url: &Url) -> bool {
    url.query_pairs().all(|(name, _)| !ANSWER.contains(&&*name))
}

impl FromStr for RedirectUri {
    type Err = RedirectUriError;

    fn from_str(text: &str) -> Result<Self, RedirectUriError> {
        let (uri, url) = Self::parse(text)?;
        if leaves_room(&url) { Ok(uri) } else { Err(RedirectUriError::TakenParameter) }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The registered URIs of an application: at most 20, each once, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectUris(Vec<RedirectUri>);

/// More URIs than an application may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most 20 entries")]
pub struct TooManyRedirectUris;

impl RedirectUris {
    /// The most an application may register.
    pub const MAX: usize = 20;

    /// The URIs, in order.
    pub fn iter(&self) -> impl Iterator<Item = &RedirectUri> {
        self.0.iter()
    }

    /// Those that a sign-in may return to, in order.
    pub fn that_take_an_answer(&self) -> impl Iterator<Item = &RedirectUri> {
        self.iter().filter(|uri| uri.takes_an_answer())
    }
}

impl TryFrom<Vec<RedirectUri>> for RedirectUris {
    type Error = TooManyRedirectUris;

    fn try_from(uris: Vec<RedirectUri>) -> Result<Self, TooManyRedirectUris> {
        if uris.len() > Self::MAX {
            return Err(TooManyRedirectUris);
        }
        let mut kept: Vec<RedirectUri> = Vec::with_capacity(uris.len());
        for uri in uris {
            if !kept.contains(&uri) {
                kept.push(uri);
            }
        }
        Ok(Self(kept))
    }
}
