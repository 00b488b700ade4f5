//! The public URL of the installation, and the path of the API under it.

/// The path of every operation of the versioned API.
pub(crate) const API_BASE: &str = "/api/v1";

/// The address that the service has for its clients. Links are built from it and never from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Takes a URL that the configuration has validated; a slash at its end says nothing.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.trim_end_matches('/').to_owned())
    }

    /// Whether clients come by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// What is in front of every path of the service, without a slash at the end; empty when there is nothing.
    pub(crate) fn path(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.find('/').map_or("", |start| &rest[start..])
    }

    /// The address itself.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme, host and port, as a browser names where a page comes from.
    pub(crate) fn origin(&self) -> &str {
        &self.0[..self.0.len() - self.path().len()]
    }

    /// The absolute address of a path of this service.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}
