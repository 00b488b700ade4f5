//! Audit actions of this domain.

use tessera_kernel::{ApplicationId, AuditEntry, OrganizationId};

#[derive(Debug)]
pub(crate) enum AppEvent {
    Created { organization: OrganizationId, application: ApplicationId },
    Updated { organization: OrganizationId, application: ApplicationId },
    Deleted { organization: OrganizationId, application: ApplicationId },
}

impl From<AppEvent> for AuditEntry {
    fn from(event: AppEvent) -> Self {
        let (name, organization, application) = match event {
            AppEvent::Created { organization, application } => ("application.created", organization, application),
            AppEvent::Updated { organization, application } => ("application.updated", organization, application),
            AppEvent::Deleted { organization, application } => ("application.deleted", organization, application),
        };
        Self::success(name, application.as_uuid()).within(organization)
    }
}
