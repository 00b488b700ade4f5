//! Second factors and recovery codes, and operations that wait for them.

mod factor;
mod interrupted;
mod recovery_code;
mod totp;

pub use factor::{EnrolledFactors, FactorKind, FactorStatus};
pub use interrupted::{Interrupted, InterruptedOperation, MfaToken};
pub use recovery_code::{RecoveryCode, RecoveryCodeError};
pub use totp::{SealedTotpSecret, TotpCode, TotpCodeError, TotpEnrollment, TotpFactor, TotpSecret};
