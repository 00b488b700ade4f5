//! Quotas of API keys.

use tessera_kernel::{Quota, QuotaExceeded};

use crate::ports::KeyCounts;

/// The quotas of this domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyQuotas {
    /// The keys of one application that are neither revoked nor expired.
    pub active_keys: Quota,
    /// The keys of all applications of one organization, including revoked and expired ones, because these stay in the
    /// list.
    pub organization_keys: Quota,
}

impl Default for KeyQuotas {
    fn default() -> Self {
        Self {
            active_keys: Quota::new("active_keys", 1_000),
            organization_keys: Quota::new("organization_keys", 10_000),
        }
    }
}

impl KeyQuotas {
    /// Checks whether one more key may be added to those that exist.
    pub(crate) fn admit(&self, existing: KeyCounts) -> Result<(), QuotaExceeded> {
        self.active_keys.admit(existing.active)?;
        self.organization_keys.admit(existing.in_organization)
    }
}
