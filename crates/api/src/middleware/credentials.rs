//! Strict parsing of credential headers.

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use tessera_apikeys::model::RawKey;

use crate::problem::{Code, Problem};

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Maximum length of a header value. Longer values are rejected without parsing, because no credential is nearly that
/// long.
const MAX_BYTES: usize = 8 * 1024;

/// A credential from a header. It is not verified yet.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    Token(&'a str),
    Key(&'a str),
}

pub(crate) struct Presented<'a> {
    pub(crate) bearer: Option<Credential<'a>>,
    pub(crate) api_key: Option<&'a str>,
}

impl<'a> Presented<'a> {
    /// Reads the credential headers. A malformed credential is invalid, not absent.
    pub(crate) fn in_headers(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let bearer = single_value(headers, &AUTHORIZATION)?.map(bearer).transpose()?;
        Ok(Self { bearer, api_key: single_value(headers, &X_API_KEY)? })
    }

    /// Returns whether the request carries no credential.
    pub(crate) const fn is_none(&self) -> bool {
        self.bearer.is_none() && self.api_key.is_none()
    }
}

/// Returns the value of a header. Fails if the header is repeated, too long, or not readable as text.
fn single_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() || value.len() > MAX_BYTES {
        return Err(Code::InvalidToken.into());
    }
    // White space around a value is not part of it (RFC 9110, section 5.5).
    value.to_str().map(|text| Some(text.trim_matches([' ', '\t']))).map_err(|_| Code::InvalidToken.into())
}

/// Parses the scheme in any case, one or more spaces (RFC 9110, section 11.4), and the credential. A tab is not
/// accepted.
fn bearer(value: &str) -> Result<Credential<'_>, Problem> {
    let parts = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let parts = parts.map(|(scheme, rest)| (scheme, rest.trim_start_matches(' ')));
    match parts {
        Some((_, credential)) if credential.is_empty() || credential.contains([' ', '\t', ',']) => {
            Err(Code::InvalidToken.into())
        }
        Some((_, key)) if key.starts_with(RawKey::PREFIX) => Ok(Credential::Key(key)),
        Some((_, token)) => Ok(Credential::Token(token)),
        None => Err(Code::InvalidToken.into()),
    }
}
