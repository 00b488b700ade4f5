//! The factors of an account.

use std::fmt;

use tessera_kernel::{FactorMethod, OrganizationId};
use time::OffsetDateTime;

/// The kind of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorKind {
    /// An authenticator app.
    Totp,
    /// A passkey.
    Passkey,
}

impl FactorKind {
    /// The name in the audit trail.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
        }
    }
}

impl fmt::Display for FactorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a user has besides the first factor, as read in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EnrolledFactors {
    /// Whether there is a confirmed TOTP secret.
    pub totp: bool,
    /// Number of passkeys.
    pub passkeys: u64,
    /// Number of recovery codes that are left.
    pub recovery_codes: u64,
}

impl EnrolledFactors {
    /// Returns whether the account has MFA. Recovery codes alone are no factor.
    #[must_use]
    pub const fn any(self) -> bool {
        self.totp || self.passkeys > 0
    }

    /// The methods that complete an operation.
    #[must_use]
    pub fn methods(self) -> Vec<FactorMethod> {
        let offered = [
            (self.totp, FactorMethod::Totp),
            (self.passkeys > 0, FactorMethod::Passkey),
            (self.recovery_codes > 0, FactorMethod::RecoveryCode),
        ];
        offered.into_iter().filter_map(|(has, method)| has.then_some(method)).collect()
    }
}

/// The factors of a user, for this user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactorStatus {
    /// When the TOTP secret was confirmed. `None` if there is none.
    pub totp: Option<OffsetDateTime>,
    /// Number of passkeys.
    pub passkeys: u64,
    /// Number of recovery codes that are left.
    pub recovery_codes_left: u64,
    /// The organizations of the user that require MFA, in ascending order.
    pub required_by: Vec<OrganizationId>,
}
