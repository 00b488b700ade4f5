//! How many keys there may be.

use tessera_kernel::{Quota, QuotaExceeded};

use crate::ports::KeyCounts;

/// The quotas of this domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyQuotas {
    /// Keys of one application that are neither revoked nor expired.
    pub active_keys: Quota,
    /// Keys of all applications of one organization, revoked and expired ones included: they stay in the list.
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
    /// Admits one more key beside those that exist.
    pub(crate) fn admit(&self, existing: KeyCounts) -> Result<(), QuotaExceeded> {
        self.active_keys.admit(existing.active)?;
        self.organization_keys.admit(existing.in_organization)
    }
}
