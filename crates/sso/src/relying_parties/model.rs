//! Applications that users sign in to, and the values that they get back.

use std::str::FromStr;

use tessera_kernel::{ApplicationId, OrganizationId};

use super::redirect_uri::permits;

/// An application that users sign in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// Id of the application.
    pub application: ApplicationId,
    /// The organization that owns the application. Its audit trail contains the sign-ins.
    pub organization: OrganizationId,
    /// Name of the application.
    pub name: String,
    /// Registered redirect URIs. None of them has a query parameter that the response also uses.
    pub redirect_uris: Vec<String>,
}

impl RelyingParty {
    /// Returns whether the URI is registered. The comparison is exact, except for the port of loopback URIs.
    #[must_use]
    pub fn allows_redirect_uri(&self, redirect_uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| permits(known, redirect_uri))
    }
}

/// An opaque value that an application sends and gets back unchanged: 1 to 1024 printable ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpaqueState(String);

/// The text has a length or a character that is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 1024 printable ASCII characters")]
pub struct OpaqueStateError;

impl OpaqueState {
    /// Maximum length in characters (= bytes).
    pub const MAX_LENGTH: usize = 1024;

    /// Returns the value as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OpaqueState {
    type Err = OpaqueStateError;

    fn from_str(text: &str) -> Result<Self, OpaqueStateError> {
        // RFC 6749, appendix A.5: the characters that `state` may contain.
        let good = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if good { Ok(Self(text.to_owned())) } else { Err(OpaqueStateError) }
    }
}
