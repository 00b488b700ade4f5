//! The checks of a verification, for administrators who want to know why a key is rejected.

use std::net::IpAddr;

use tessera_kernel::{Permission, RateLimit, RateLimited};

use super::charge::Charge;
use crate::model::{AllowedAddresses, FoundKey, KeyState};

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    /// The key passed.
    Passed,
    /// The key did not pass.
    Failed,
    /// An earlier check failed, so this one was not made.
    Skipped,
}

/// One check of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name.
    pub name: &'static str,
    /// The result.
    pub outcome: CheckOutcome,
    /// For people, in English. It names what is missing or not allowed.
    pub detail: String,
}

/// Returns all checks in the order in which they were made. States are always checked, and limits only if everything else
/// passed.
pub(crate) fn checks(
    found: &FoundKey,
    required: &[Permission],
    address: Option<IpAddr>,
    charge: &Charge,
) -> Vec<Check> {
    let key = &found.stored.key;
    let missing: Vec<&str> =
        required.iter().filter(|one| !key.permissions.contains(one)).map(Permission::as_str).collect();
    let networks = &key.restrictions.allowed_addresses;
    let is_expired = found.expires_at().is_some_and(|expiry| expiry <= found.at);
    let is_disabled = matches!(key.state, KeyState::Disabled { .. });
    let mut checks = vec![
        check("revoked", key.revoked_at().is_none(), "the key is not revoked", "the key is revoked"),
        check("expired", !is_expired, "the secret has not expired", "the secret has expired"),
        check("enabled", !is_disabled, "the key is enabled", "the key is disabled"),
        check(
            "owner",
            found.owner_has_rights(),
            "the owner of the key has access to the organization",
            "the user is no longer a member, or the service account is disabled",
        ),
        check(
            "permissions",
            missing.is_empty(),
            "no required permission is missing",
            &format!("missing: {}", missing.join(", ")),
        ),
        check("ip", networks.admit(address), "the address is allowed", &not_allowed(address, networks)),
    ];
    let earlier = checks.iter().all(|check| check.outcome == CheckOutcome::Passed);
    let reached =
        charge.rejected.map_or_else(String::new, |RateLimited { limit: RateLimit { quota, window, .. }, .. }| {
            format!("the limit of {quota} in {} seconds does not admit this use", window.whole_seconds())
        });
    for (name, passed, fault) in [
        ("limits", charge.rejected.is_none(), reached.as_str()),
        ("remaining_uses", !charge.exceeded, "fewer uses remain than this one costs"),
    ] {
        let mut limit = check(name, passed, "the use is within the limit", fault);
        if !earlier {
            (limit.outcome, limit.detail) = (CheckOutcome::Skipped, "an earlier check failed".to_owned());
        }
        checks.push(limit);
    }
    checks
}

fn check(name: &'static str, passed: bool, good: &str, bad: &str) -> Check {
    let (outcome, detail) = if passed { (CheckOutcome::Passed, good) } else { (CheckOutcome::Failed, bad) };
    Check { name, outcome, detail: detail.to_owned() }
}

fn not_allowed(address: Option<IpAddr>, networks: &AllowedAddresses) -> String {
    let networks = networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let used = address.map_or_else(|| "no address is stated".to_owned(), |address| format!("used from {address}"));
    format!("{used}; allowed are {networks}")
}
