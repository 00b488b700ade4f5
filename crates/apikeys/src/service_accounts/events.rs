//! Audit actions of service accounts.

use tessera_kernel::AuditEntry;

use super::model::ServiceAccount;

#[derive(Debug)]
pub(super) enum ServiceAccountEvent<'a> {
    Created(&'a ServiceAccount),
    Updated(&'a ServiceAccount),
    Disabled(&'a ServiceAccount),
}

impl From<ServiceAccountEvent<'_>> for AuditEntry {
    fn from(event: ServiceAccountEvent<'_>) -> Self {
        let entry =
            |name, account: &ServiceAccount| Self::success(name, account.id.as_uuid()).within(account.organization_id);
        match event {
            ServiceAccountEvent::Created(account) => {
                entry("service_account.created", account).with("permissions", &account.permissions)
            }
            ServiceAccountEvent::Updated(account) => {
                entry("service_account.updated", account).with("permissions", &account.permissions)
            }
            ServiceAccountEvent::Disabled(account) => entry("service_account.disabled", account),
        }
    }
}
