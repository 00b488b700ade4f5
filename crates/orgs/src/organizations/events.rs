//! Audit entries of organizations.

use tessera_kernel::{AuditEntry, OrganizationId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum OrganizationEvent {
    Created { organization: OrganizationId },
    Updated { organization: OrganizationId },
    Deleted { organization: OrganizationId },
}

impl From<OrganizationEvent> for AuditEntry {
    fn from(event: OrganizationEvent) -> Self {
        let (name, organization) = match event {
            OrganizationEvent::Created { organization } => ("organization.created", organization),
            OrganizationEvent::Updated { organization } => ("organization.updated", organization),
            OrganizationEvent::Deleted { organization } => ("organization.deleted", organization),
        };
        Self::success(name, organization.as_uuid()).within(organization)
    }
}
