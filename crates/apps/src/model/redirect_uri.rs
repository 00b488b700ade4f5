//! Redirect URIs. They are stored exactly as registered, because a sign-in request must match one exactly.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// The query parameters of an authorization response (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207).
const ANSWER: [&str; 4] = ["code", "state", "iss", "error"];

/// An absolute URI without user info, fragment or wildcard, of one of these kinds:
///
/// - an `https` URI;
/// - an `http` URI with a loopback address (RFC 8252 section 7.3) or the host `localhost`. A sign-in may then use any port;
/// - a URI with a private-use scheme in reverse-domain form (RFC 8252 section 7.1), such as `com.example.game:/callback`.
///
/// Its query must not contain a parameter of the authorization response, because the response would then contain this
/// parameter twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

/// Why a text is not a valid redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// The URI has too many bytes.
    #[error("must have at most 2048 bytes")]
    TooLong,
    /// The text is not an absolute ASCII URI, or a browser would normalize it to another text.
    #[error("must be an absolute URI in its ASCII form")]
    Malformed,
    /// The scheme is neither `https` nor a private-use one, or it is `http` and the host is not a loopback address.
    #[error(
        "must use https, http with 127.0.0.1, [::1] or localhost, or a private-use scheme as com.example.game:/callback"
    )]
    InsecureScheme,
    /// The URI has a part that is not allowed.
    #[error("must not contain user info, a fragment or a wildcard")]
    ForbiddenPart,
    /// The query contains a parameter of the authorization response.
    #[error("must not have a parameter named code, state, iss or error: the answer to a sign-in has those")]
    ReservedParameter,
}

impl RedirectUri {
    /// The maximum length, in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// The URI, exactly as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Parses a URI from storage. Earlier versions did not reserve the parameters of the authorization response, so
    /// these are accepted here.
    ///
    /// # Errors
    /// [`RedirectUriError`] if another rule is violated.
    pub fn from_storage(text: &str) -> Result<Self, RedirectUriError> {
        Self::parse(text).map(|(uri, _)| uri)
    }

    /// Returns whether a sign-in may use the URI: its query contains no parameter of the authorization response.
    #[must_use]
    pub fn may_receive_responses(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| has_no_response_parameter(&url))
    }

    fn parse(text: &str) -> Result<(Self, Url), RedirectUriError> {
        if text.len() > Self::MAX_BYTES {
            return Err(RedirectUriError::TooLong);
        }
        // The URL parser corrects spaces, backslashes and line breaks. A registered URI must not depend on that.
        if !text.bytes().all(|b| b.is_ascii_graphic()) || text.contains(['\\', '"', '<', '>', '`', '{', '}', '|', '^'])
        {
            return Err(RedirectUriError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::Malformed)?;
        if text.contains(['#', '*']) || !url.username().is_empty() || url.password().is_some() {
            return Err(RedirectUriError::ForbiddenPart);
        }
        let secure = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            scheme => is_private_use(scheme, &text[scheme.len()..]),
        };
        if !secure {
            return Err(RedirectUriError::InsecureScheme);
        }
        // The parsed URL must equal the text, so that scheme, host, port and path have no other spelling.
        let bare_origin = url.path() == "/" && url.as_str().strip_suffix('/') == Some(text);
        if url.as_str() != text && !bare_origin {
            return Err(RedirectUriError::Malformed);
        }
        Ok((Self(text.to_owned()), url))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // Convenient for development. Browsers resolve it to a loopback address themselves.
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Returns whether the scheme is a domain name in reverse order, and the rest a path without an authority. A scheme
/// without a dot may belong to any other program, or to the browser itself.
fn is_private_use(scheme: &str, rest: &str) -> bool {
    let label = |label: &str| label.starts_with(|c: char| c.is_ascii_lowercase()) && !label.ends_with('-');
    let domain = scheme.contains('.') && !scheme.contains('+') && scheme.split('.').all(label);
    domain && rest.starts_with(":/") && !rest.starts_with("://")
}

/// Compares decoded names, because the recipient of the response decodes them too.
fn has_no_response_parameter(url: &Url) -> bool {
    url.query_pairs().all(|(name, _)| !ANSWER.contains(&&*name))
}

impl FromStr for RedirectUri {
    type Err = RedirectUriError;

    fn from_str(text: &str) -> Result<Self, RedirectUriError> {
        let (uri, url) = Self::parse(text)?;
        if has_no_response_parameter(&url) { Ok(uri) } else { Err(RedirectUriError::ReservedParameter) }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The registered URIs of an application: at most 20, without duplicates, in their registered order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectUris(Vec<RedirectUri>);

/// There are more URIs than an application may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most 20 entries")]
pub struct TooManyRedirectUris;

impl RedirectUris {
    /// The maximum number of URIs.
    pub const MAX: usize = 20;

    /// The URIs, in order.
    pub fn iter(&self) -> impl Iterator<Item = &RedirectUri> {
        self.0.iter()
    }

    /// The URIs that a sign-in may use, in order.
    pub fn that_may_receive_responses(&self) -> impl Iterator<Item = &RedirectUri> {
        self.iter().filter(|uri| uri.may_receive_responses())
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
