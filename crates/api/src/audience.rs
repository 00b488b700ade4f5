//! The audience of a path: API clients, API clients of every origin, or users in a browser.

use crate::b3os;

/// The audience of a path. Unknown paths have one too, because it decides the form of their errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The API. The operator decides which origins may call it.
    Api,
    /// Public documents without private data, which pages of every origin may read.
    Everyone,
    /// Pages. Errors are pages too, if the client asks for HTML.
    People,
}

impl Audience {
    /// Returns the audience of a path without the path of the public URL.
    pub(crate) fn of(path: &str) -> Self {
        let below = |base: &str| path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if below("/api") || b3os::has(path) {
            Self::Api
        } else if below("/.well-known") || below("/health") || path == "/openapi.json" {
            Self::Everyone
        } else {
            Self::People
        }
    }
}
