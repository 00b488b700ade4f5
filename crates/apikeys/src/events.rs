//! Audit actions of this domain.

use tessera_kernel::AuditEntry;
use time::OffsetDateTime;

use crate::{
    leaks::model::LeakReport,
    model::{ApiKey, KeyOwner, KeyRestrictions, Refill, UseCount},
};

#[derive(Debug)]
pub(crate) enum KeyEvent<'a> {
    Created(&'a ApiKey),
    Revoked(&'a ApiKey),
    Updated {
        before: &'a ApiKey,
        after: &'a ApiKey,
    },
    Rotated(&'a ApiKey),
    /// The previous secret was ended before its time.
    RotationFinished(&'a ApiKey),
    /// The key was revoked because of a report.
    Leaked(&'a ApiKey, &'a LeakReport),
}

impl From<KeyEvent<'_>> for AuditEntry {
    fn from(event: KeyEvent<'_>) -> Self {
        let (name, key) = match event {
            KeyEvent::Created(key) if key.application().is_some() => ("api_key.generated", key),
            KeyEvent::Revoked(key) if key.application().is_some() => ("api_key.revoked", key),
            KeyEvent::Leaked(key, _) if key.application().is_some() => ("api_key.leaked", key),
            KeyEvent::Updated { after: key, .. } if key.application().is_some() => ("api_key.updated", key),
            KeyEvent::Rotated(key) if key.application().is_some() => ("api_key.rotated", key),
            KeyEvent::RotationFinished(key) if key.application().is_some() => ("api_key.rotation_finished", key),
            KeyEvent::Created(key) => ("organization_key.created", key),
            KeyEvent::Revoked(key) => ("organization_key.revoked", key),
            KeyEvent::Leaked(key, _) => ("organization_key.leaked", key),
            KeyEvent::Updated { after: key, .. } => ("organization_key.updated", key),
            KeyEvent::Rotated(key) => ("organization_key.rotated", key),
            KeyEvent::RotationFinished(key) => ("organization_key.rotation_finished", key),
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
        if let KeyEvent::Updated { before, after } = event {
            return entry.with("changed", &changed(before, after).join(" "));
        }
        entry
    }
}

fn number_of(restrictions: &KeyRestrictions) -> Option<(UseCount, OffsetDateTime)> {
    restrictions.uses.map(|uses| (uses.remaining, uses.since))
}

fn refill_of(restrictions: &KeyRestrictions) -> Option<Refill> {
    restrictions.uses.and_then(|uses| uses.refill)
}

/// The names of the values that differ.
fn changed(before: &ApiKey, after: &ApiKey) -> Vec<&'static str> {
    let (old, new) = (&before.restrictions, &after.restrictions);
    let compared = [
        ("description", before.description != after.description),
        ("permissions", before.permissions != after.permissions),
        ("enabled", before.state != after.state),
        ("allowed_ips", old.allowed_addresses != new.allowed_addresses),
        ("limits", old.limits != new.limits),
        // A number that was set again, even to the same value.
        (
            "remaining_uses",
            number_of(old) != number_of(new) && refill_of(old) == refill_of(new)
                || old.uses.map(|uses| uses.remaining) != new.uses.map(|uses| uses.remaining),
        ),
        ("refill", refill_of(old) != refill_of(new)),
    ];
    compared.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}
