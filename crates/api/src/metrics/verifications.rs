//! The number of key verifications for each result.

use tessera_apikeys::VerificationCode;
use tessera_kernel::Counter;

/// All results, with the names that the API returns.
const NAMES: [(VerificationCode, &str); 9] = [
    (VerificationCode::Valid, "valid"),
    (VerificationCode::NotFound, "not_found"),
    (VerificationCode::Revoked, "revoked"),
    (VerificationCode::Expired, "expired"),
    (VerificationCode::Disabled, "disabled"),
    (VerificationCode::InsufficientPermissions, "insufficient_permissions"),
    (VerificationCode::AddressNotAllowed, "ip_not_allowed"),
    (VerificationCode::RateLimited, "rate_limited"),
    (VerificationCode::UsageExceeded, "usage_exceeded"),
];

/// One counter for each result.
#[derive(Debug, Default)]
pub struct VerificationMetrics([Counter; NAMES.len()]);

impl VerificationMetrics {
    pub(crate) fn count(&self, code: VerificationCode) {
        if let Some(index) = NAMES.iter().position(|(known, _)| *known == code) {
            self.0[index].increment();
        }
    }

    /// Returns the name of each result with its number.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.iter().zip(&self.0).map(|((_, name), counter)| (*name, counter.value()))
    }
}
