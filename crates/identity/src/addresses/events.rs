//! Audit entries of addresses. None contains an address.

use tessera_kernel::{AuditEntry, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum AddressEvent {
    RegistrationRequested { user: UserId },
    VerificationMailed { user: UserId },
    ChangeRequested { user: UserId },
    ChangeConfirmed { user: UserId, address: &'static str },
    Changed { user: UserId },
    ChangeDeclined { user: UserId, sessions_ended: u64 },
}

impl From<AddressEvent> for AuditEntry {
    fn from(event: AddressEvent) -> Self {
        match event {
            AddressEvent::RegistrationRequested { user } => {
                Self::success("user.registration_requested", user.as_uuid())
            }
            AddressEvent::VerificationMailed { user } => Self::success("user.verification_mailed", user.as_uuid()),
            AddressEvent::ChangeRequested { user } => Self::success("user.email_change_requested", user.as_uuid()),
            AddressEvent::ChangeConfirmed { user, address } => {
                Self::success("user.email_change_confirmed", user.as_uuid()).with("address", &address)
            }
            AddressEvent::Changed { user } => Self::success("user.email_changed", user.as_uuid()),
            AddressEvent::ChangeDeclined { user, sessions_ended } => {
                Self::success("user.email_change_declined", user.as_uuid()).with("sessions_ended", &sessions_ended)
            }
        }
    }
}
