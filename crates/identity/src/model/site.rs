//! The public URL as messages to wallets name it.

/// Where the service is at home: what its challenges say of it. Made from the configuration, never from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    domain: String,
    uri: String,
}

impl Site {
    /// The site of a public URL that the configuration has validated.
    #[must_use]
    pub fn of(public_url: &str) -> Self {
        let (_, rest) = public_url.split_once("://").unwrap_or(("", public_url));
        let domain = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Self { domain: domain.to_owned(), uri: public_url.to_owned() }
    }

    /// Host and port.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The URL itself.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }
}
