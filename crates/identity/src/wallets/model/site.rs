//! Public URL in messages that wallets sign.

/// Domain and public URL of the service, as challenges contain them. They come from the configuration, never from a
/// request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    domain: String,
    uri: String,
}

impl Site {
    /// Creates the site from a public URL that the configuration has validated.
    #[must_use]
    pub fn of(public_url: &str) -> Self {
        let (_, rest) = public_url.split_once("://").unwrap_or(("", public_url));
        let domain = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self { domain: domain.to_owned(), uri: public_url.to_owned() }
    }

    /// Returns host and port.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Returns the public URL.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }
}
