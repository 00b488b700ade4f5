//! Audit entries of system data.

use tessera_kernel::{AuditEntry, OrganizationId, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum SystemDataEvent {
    Written { organization: OrganizationId, user: UserId, version: i64 },
}

impl From<SystemDataEvent> for AuditEntry {
    fn from(event: SystemDataEvent) -> Self {
        match event {
            SystemDataEvent::Written { organization, user, version } => {
                Self::success("system_data.written", user.as_uuid()).within(organization).with("version", &version)
            }
        }
    }
}
