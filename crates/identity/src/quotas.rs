//! How many wallets and sessions a user has.

use tessera_kernel::Quota;

/// The quotas of this domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityQuotas {
    /// Wallets of one user.
    pub wallets: Quota,
    /// Live sessions of one user. Reaching it rejects nothing: the least recently used session ends.
    pub sessions: Quota,
}

impl Default for IdentityQuotas {
    fn default() -> Self {
        Self { wallets: Quota::new("wallets", 50), sessions: Quota::new("sessions", 100) }
    }
}
