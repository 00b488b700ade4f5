//! Quotas of API keys.

use tessera_kernel::{Quota, QuotaExceeded};

use crate::{model::KeyOwner, ports::KeyCounts};

/// The quotas of this domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyQuotas {
    /// The keys of one application or of one service account that are neither revoked nor expired.
    pub active_keys: Quota,
    /// The personal keys of one member in one organization that are neither revoked nor expired.
    pub personal_keys: Quota,
    /// The keys of all service accounts and applications of one organization, including revoked and expired ones, because
    /// these stay in the list.
    pub organization_keys: Quota,
    /// The service accounts of one organization, including disabled ones.
    pub service_accounts: Quota,
}

impl Default for KeyQuotas {
    fn default() -> Self {
        Self {
            active_keys: Quota::new("active_keys", 1_000),
            personal_keys: Quota::new("personal_keys", 100),
            organization_keys: Quota::new("organization_keys", 10_000),
            service_accounts: Quota::new("service_accounts", 1_000),
        }
    }
}

impl KeyQuotas {
    /// Checks whether one more key may be added to those that its owner and the organization have.
    pub(crate) fn admit(&self, owner: KeyOwner, existing: KeyCounts) -> Result<(), QuotaExceeded> {
        if matches!(owner, KeyOwner::User(_)) {
            return self.personal_keys.admit(existing.active);
        }
        self.active_keys.admit(existing.active)?;
        self.organization_keys.admit(existing.in_organization)
    }
}
