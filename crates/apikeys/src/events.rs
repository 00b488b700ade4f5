//! Audit actions of this domain.

use tessera_kernel::AuditEntry;

use crate::{
    leaks::model::LeakReport,
    model::{ApiKey, KeyOwner},
};

#[derive(Debug)]
pub(crate) enum KeyEvent<'a> {
    Created(&'a ApiKey),
    Revoked(&'a ApiKey),
    /// The key was revoked because of a report.
    Leaked(&'a ApiKey, &'a LeakReport),
}

impl From<KeyEvent<'_>> for AuditEntry {
    fn from(event: KeyEvent<'_>) -> Self {
        let (name, key) = match event {
            KeyEvent::Created(key) if key.application().is_some() => ("api_key.generated", key),
            KeyEvent::Revoked(key) if key.application().is_some() => ("api_key.revoked", key),
            KeyEvent::Leaked(key, _) if key.application().is_some() => ("api_key.leaked", key),
            KeyEvent::Created(key) => ("organization_key.created", key),
            KeyEvent::Revoked(key) => ("organization_key.revoked", key),
            KeyEvent::Leaked(key, _) => ("organization_key.leaked", key),
        };
        let entry = Self::success(name, key.id.as_uuid()).within(key.organization_id);
        let entry = match key.owner {
            KeyOwner::Application(application) => entry.with("application_id", &application),
            KeyOwner::User(user) => entry.with("user_id", &user).with("scope", &key.scope),
            KeyOwner::ServiceAccount(account) => entry.with("service_account_id", &account).with("scope", &key.scope),
        };
        let mut entry = entry.with("key_prefix", &key.key_prefix);
        if let KeyEvent::Leaked(_, report) = event {
            let found = [("source", &report.source), ("url", &report.url)];
            entry.details.extend(found.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))));
        }
        entry
    }
}
