//! Audit entries of organizations.

use tessera_kernel::{AuditEntry, OrganizationId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum OrganizationEvent {
    Created { organization: OrganizationId },
}

impl From<OrganizationEvent> for AuditEntry {
    fn from(event: OrganizationEvent) -> Self {
        match event {
            OrganizationEvent::Created { organization } => {
                Self::success("organization.created", organization.as_uuid()).within(organization)
            }
        }
    }
}
