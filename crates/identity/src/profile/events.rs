//! Audit entries of profiles and custom data.

use tessera_kernel::{AuditEntry, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum ProfileEvent {
    Updated { user: UserId },
    CustomDataWritten { user: UserId, version: i64 },
}

impl From<ProfileEvent> for AuditEntry {
    fn from(event: ProfileEvent) -> Self {
        match event {
            ProfileEvent::Updated { user } => Self::success("user.updated", user.as_uuid()),
            ProfileEvent::CustomDataWritten { user, version } => {
                Self::success("custom_data.written", user.as_uuid()).with("version", &version)
            }
        }
    }
}
