//! The public URL of the installation, and the base path of the API.

/// The base path of all operations of the versioned API.
pub(crate) const API_BASE: &str = "/api/v1";

/// The URL under which clients reach the service. Links are built from it, never from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Wraps a URL that the configuration has validated. A trailing slash is removed.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.trim_end_matches('/').to_owned())
    }

    /// Returns whether clients connect over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// The path of the URL without a trailing slash. Empty if there is none.
    pub(crate) fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |start| &rest[start..])
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The origin: scheme, host and port, as browsers send it in `Origin`.
    pub(crate) fn origin(&self) -> &str {
        &self.0[..self.0.len() - self.path().len()]
    }

    /// Returns the absolute URL of a path of this service.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}
