//! The public URL.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use url::Url;

use super::source::Source;

/// The public base URL of the installation. Links and token issuers are built from it only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// Reads the setting, and returns whether its value is the default.
    pub(super) fn read(source: &mut Source, listen: SocketAddr, tls: bool) -> (Self, bool) {
        let default = Self::of_listener(listen, tls);
        let url: Option<Self> = source.read_optional("public_url", Some(&default));
        let is_default = url.is_none();
        (url.unwrap_or(default), is_default)
    }

    /// Returns the default: the listen address. A browser cannot open an unspecified address, so `localhost` replaces it.
    pub(crate) fn of_listener(address: SocketAddr, tls: bool) -> Self {
        let (scheme, default_port) = if tls { ("https", 443) } else { ("http", 80) };
        let host = match address.ip() {
            ip if ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        match address.port() {
            port if port == default_port => Self(format!("{scheme}://{host}")),
            port => Self(format!("{scheme}://{host}:{port}")),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name or address of the host.
    pub(super) fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "must be an absolute URL, such as https://accounts.example.com")?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain || url.query().is_some() || url.fragment().is_some() {
            return Err("must be an http or https URL without user info, query or fragment, \
                        such as https://accounts.example.com");
        }
        // The path becomes part of links, headers and cookies, where other characters have a special meaning.
        let path = url.path().trim_end_matches('/');
        let plain = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
        };
        if !path.split('/').skip(1).all(plain) {
            return Err("must have a path of letters, digits and - . _ ~ only, without empty parts, \
                        such as https://example.com/accounts");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
