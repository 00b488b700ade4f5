//! Operations that require a second factor.

use std::fmt;

use time::OffsetDateTime;

use crate::Secret;

/// A second factor that can complete an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactorMethod {
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A passkey.
    Passkey,
    /// A recovery code.
    RecoveryCode,
}

impl FactorMethod {
    /// All methods.
    pub const ALL: [Self; 3] = [Self::Totp, Self::Passkey, Self::RecoveryCode];

    /// The name in the API and in the audit trail.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

impl fmt::Display for FactorMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The first factor was correct, and the account has another one. The operation waits for it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("a second factor is required")]
pub struct MfaRequired {
    /// The token that stands for the operation.
    pub token: Secret<String>,
    /// The factors that complete it.
    pub methods: Vec<FactorMethod>,
    /// The options of `navigator.credentials.get()` as JSON, if the user has a passkey.
    pub passkey_options: Option<String>,
    /// When the token expires.
    pub expires_at: OffsetDateTime,
}
