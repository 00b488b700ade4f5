//! Audit entries of signing keys.

use tessera_kernel::{AuditEntry, Outcome, rfc3339};
use time::OffsetDateTime;

use super::model::KeyId;

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum SigningKeyEvent {
    Published { key: KeyId, signs_from: OffsetDateTime },
    Removed { key: KeyId },
}

impl From<SigningKeyEvent> for AuditEntry {
    fn from(event: SigningKeyEvent) -> Self {
        match event {
            SigningKeyEvent::Published { key, signs_from } => {
                about_key("signing_key.published", &key).with("signs_from", &rfc3339(signs_from))
            }
            SigningKeyEvent::Removed { key } => about_key("signing_key.removed", &key),
        }
    }
}

/// The id of a key is not a UUID, so it goes into the details and not into the subject.
fn about_key(name: &'static str, key: &KeyId) -> AuditEntry {
    let what = AuditEntry { name, outcome: Outcome::Success, organization: None, subject: None, details: Vec::new() };
    what.with("kid", key)
}
