//! Audit actions of this domain.

use tessera_kernel::AuditEntry;

use crate::model::ApiKey;

#[derive(Debug)]
pub(crate) enum KeyEvent<'a> {
    Generated(&'a ApiKey),
    Revoked(&'a ApiKey),
}

impl From<KeyEvent<'_>> for AuditEntry {
    fn from(event: KeyEvent<'_>) -> Self {
        let (name, key) = match event {
            KeyEvent::Generated(key) => ("api_key.generated", key),
            KeyEvent::Revoked(key) => ("api_key.revoked", key),
        };
        Self::success(name, key.id.as_uuid())
            .within(key.organization_id)
            .with("application_id", &key.application_id)
            .with("key_prefix", &key.key_prefix)
    }
}
