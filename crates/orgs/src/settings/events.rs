//! Audit entries of settings.

use tessera_kernel::{AuditEntry, OrganizationId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum SettingsEvent {
    Updated { organization: OrganizationId, version: i64 },
}

impl From<SettingsEvent> for AuditEntry {
    fn from(event: SettingsEvent) -> Self {
        match event {
            SettingsEvent::Updated { organization, version } => {
                let entry = Self::success("organization.settings_updated", organization.as_uuid());
                entry.within(organization).with("version", &version)
            }
        }
    }
}
