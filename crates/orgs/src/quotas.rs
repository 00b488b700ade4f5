//! Quotas of organizations and of their owners.

use tessera_kernel::Quota;

/// The quotas of this domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgQuotas {
    /// Organizations that one user owns, alone or with others. Those that the user has not opened count separately.
    pub owned_organizations: Quota,
    /// Members of one organization.
    pub members: Quota,
    /// Open invitations of one organization. Expired ones do not count.
    pub open_invitations: Quota,
}

impl Default for OrgQuotas {
    fn default() -> Self {
        Self {
            owned_organizations: Quota::new("owned_organizations", 100),
            members: Quota::new("members", 10_000),
            open_invitations: Quota::new("open_invitations", 1_000),
        }
    }
}
