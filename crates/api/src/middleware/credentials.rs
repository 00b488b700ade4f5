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
    /// An access token, in the header `Authorization`.
    Token(&'a str),
    /// An API key, and the name of its header.
    Key { key: &'a str, header: &'static str },
}

pub(crate) struct Presented<'a> {
    pub(crate) bearer: Option<Credential<'a>>,
    pub(crate) api_key: Option<Credential<'a>>,
}

impl<'a> Presented<'a> {
    /// Reads the credential headers. A malformed credential is invalid, not absent.
    pub(crate) fn in_headers(headers: &'a HeaderMap) -> Result<Self, Problem> {
        let bearer = single_value(headers, &AUTHORIZATION)?.map(bearer).transpose()?;
        // One request is one use of a key, also if both headers have it.
        let repeated = |key: &str| matches!(bearer, Some(Credential::Key { key: known, .. }) if known == key);
        let api_key = single_value(headers, &X_API_KEY)?.filter(|key| !repeated(key));
        Ok(Self { bearer, api_key: api_key.map(|key| Credential::Key { key, header: "X-API-Key" }) })
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
    if values.next().is_some() {
        return Err(invalid(name, "occurs more than once; send one credential"));
    }
    if value.len() > MAX_BYTES {
        return Err(invalid(name, "has more than 8 KiB, so it is not a credential of this service"));
    }
    // White space around a value is not part of it (RFC 9110, section 5.5).
    let text = value.to_str().map_err(|_| invalid(name, "has characters that no credential has"))?;
    Ok(Some(text.trim_matches([' ', '\t'])))
}

/// The detail never repeats the value, which may be a secret.
fn invalid(name: &HeaderName, fault: &str) -> Problem {
    let name = if *name == X_API_KEY { "X-API-Key" } else { "Authorization" };
    Problem::new(Code::InvalidToken).detail(format!("the header {name} {fault}"))
}

/// Parses the scheme in any case, one or more spaces (RFC 9110, section 11.4), and the credential. A tab is not
/// accepted.
fn bearer(value: &str) -> Result<Credential<'_>, Problem> {
    let parts = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let parts = parts.map(|(scheme, rest)| (scheme, rest.trim_start_matches(' ')));
    match parts {
        Some((_, credential)) if !credential.is_empty() && !credential.contains([' ', '\t', ',']) => {
            let key = RawKey::has_prefix(credential);
            let header = "Authorization";
            Ok(if key { Credential::Key { key: credential, header } } else { Credential::Token(credential) })
        }
        _ => Err(invalid(&AUTHORIZATION, "must have the form Bearer <access token> or Bearer <API key>")),
    }
}
