//! Whether a credential is still valid.

use time::OffsetDateTime;

/// What decides whether a credential is valid. Keys and sessions are judged here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Whether the key was revoked, or the session ended.
    pub has_ended: bool,
    /// When it expires. `None` if it never does.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether neither the credential nor its owner is disabled: the user is a member, the service account is active.
    pub is_enabled: bool,
}

impl Validity {
    /// Returns the status at a time. The end takes precedence, because it is the decision of a user and final.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> CredentialStatus {
        if self.has_ended {
            CredentialStatus::Ended
        } else if self.expires_at.is_some_and(|expiry| now >= expiry) {
            CredentialStatus::Expired
        } else if self.is_enabled {
            CredentialStatus::Live
        } else {
            CredentialStatus::Disabled
        }
    }
}

/// The status of a credential at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialStatus {
    /// The credential is valid.
    Live,
    /// The key is revoked, or the session has ended.
    Ended,
    /// The credential has expired.
    Expired,
    /// The key is disabled, its user is no longer a member, or its service account is disabled.
    Disabled,
}
