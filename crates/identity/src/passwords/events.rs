//! Audit entries of passwords.

use tessera_kernel::{AuditEntry, Outcome, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum PasswordEvent {
    Changed { user: UserId, sessions_ended: u64 },
    ChangeRefused { user: UserId },
    ResetMailed { user: UserId },
    Reset { user: UserId, sessions_ended: u64 },
}

impl From<PasswordEvent> for AuditEntry {
    fn from(event: PasswordEvent) -> Self {
        match event {
            PasswordEvent::Changed { user, sessions_ended } => {
                Self::success("password.changed", user.as_uuid()).with("sessions_ended", &sessions_ended)
            }
            PasswordEvent::ChangeRefused { user } => {
                Self { outcome: Outcome::Refused, ..Self::success("password.change_refused", user.as_uuid()) }
            }
            PasswordEvent::ResetMailed { user } => Self::success("password.reset_mailed", user.as_uuid()),
            PasswordEvent::Reset { user, sessions_ended } => {
                Self::success("password.reset", user.as_uuid()).with("sessions_ended", &sessions_ended)
            }
        }
    }
}
