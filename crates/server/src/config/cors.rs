//! The origins whose pages may call the API.

use std::{fmt, str::FromStr};

use tessera_api::CorsOrigins;
use url::Url;

use super::list::parse_list;

/// The configured origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cors(pub(crate) CorsOrigins);

impl FromStr for Cors {
    type Err = String;

    /// Parses `*` or a comma-separated list.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "*" {
            return Ok(Self(CorsOrigins::Any));
        }
        parse_list(text, origin).map(|origins| Self(CorsOrigins::Listed(origins)))
    }
}

/// Accepts only the form in which browsers send an origin, because origins are compared character by character.
fn origin(entry: &str) -> Result<String, String> {
    const ACCEPTED: &str = "must be an http or https origin in the form of browsers, without a path or trailing slash and \
                            with the host in lower case, such as https://app.example.com";
    if entry == "*" {
        return Err("is *, which can't be combined with origins".to_owned());
    }
    // URLs allow `*` in host names. Here it would look like a pattern.
    let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && !entry.contains('*');
    let url = Url::parse(entry).ok().filter(usable);
    match url.map(|url| url.origin().ascii_serialization()) {
        Some(sent) if sent == entry => Ok(sent),
        Some(sent) => Err(format!("{ACCEPTED}; did you mean {sent}?")),
        None => Err(ACCEPTED.to_owned()),
    }
}

impl fmt::Display for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            CorsOrigins::None => f.write_str("none"),
            CorsOrigins::Any => f.write_str("*"),
            CorsOrigins::Listed(origins) => f.write_str(&origins.join(",")),
        }
    }
}
