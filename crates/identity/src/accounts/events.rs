//! Audit entries of accounts.

use tessera_kernel::{AuditEntry, Outcome, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum AccountEvent {
    Registered { user: UserId },
    EmailVerified { user: UserId },
    EmailVerificationRefused { user: UserId },
}

impl From<AccountEvent> for AuditEntry {
    fn from(event: AccountEvent) -> Self {
        match event {
            AccountEvent::Registered { user } => Self::success("user.registered", user.as_uuid()),
            AccountEvent::EmailVerified { user } => Self::success("user.email_verified", user.as_uuid()),
            // An invited user has read a mail to the address but did not present the password of its account.
            AccountEvent::EmailVerificationRefused { user } => {
                Self { outcome: Outcome::Refused, ..Self::success("user.email_verification_refused", user.as_uuid()) }
            }
        }
    }
}
