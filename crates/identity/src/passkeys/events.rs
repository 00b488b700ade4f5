//! Audit entries of passkeys.

use tessera_kernel::{AuditEntry, Outcome, PasskeyId, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum PasskeyEvent {
    Added { user: UserId, passkey: PasskeyId },
    Removed { user: UserId, passkey: PasskeyId },
    Rejected { user: UserId },
}

impl From<PasskeyEvent> for AuditEntry {
    fn from(event: PasskeyEvent) -> Self {
        let (entry, passkey) = match event {
            PasskeyEvent::Added { user, passkey } => (Self::success("factor.added", user.as_uuid()), Some(passkey)),
            PasskeyEvent::Removed { user, passkey } => (Self::success("factor.removed", user.as_uuid()), Some(passkey)),
            PasskeyEvent::Rejected { user } => {
                (Self { outcome: Outcome::Refused, ..Self::success("factor.rejected", user.as_uuid()) }, None)
            }
        };
        match passkey {
            Some(passkey) => entry.with("factor", &"passkey").with("passkey_id", &passkey),
            None => entry.with("reason", &"passkey"),
        }
    }
}
