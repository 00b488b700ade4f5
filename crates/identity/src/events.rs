//! What this domain announces.

use tessera_kernel::{Announcement, Outcome, SessionId, UserId};

/// Deeds of this domain, as the audit trail names them.
#[derive(Debug)]
pub(crate) enum IdentityEvent {
    UserRegistered {
        user: UserId,
    },
    SessionStarted {
        user: UserId,
        session: SessionId,
    },
    /// Nobody is named when the address has no account: the trail must not say more than the answer did.
    SignInRefused {
        user: Option<UserId>,
    },
    SessionEnded {
        session: SessionId,
    },
    UserUpdated {
        user: UserId,
    },
    PasswordChanged {
        user: UserId,
        sessions_ended: u64,
    },
    PasswordChangeRefused {
        user: UserId,
    },
    CustomDataWritten {
        user: UserId,
        version: i64,
    },
}

impl From<IdentityEvent> for Announcement {
    fn from(event: IdentityEvent) -> Self {
        match event {
            IdentityEvent::UserRegistered { user } => Self::success("user.registered", user.as_uuid()),
            IdentityEvent::SessionStarted { user, session } => {
                Self::success("session.started", session.as_uuid()).with("user_id", &user)
            }
            IdentityEvent::SignInRefused { user } => Self {
                name: "session.refused",
                outcome: Outcome::Refused,
                organization: None,
                subject: user.map(|user| user.as_uuid()),
                details: Vec::new(),
            },
            IdentityEvent::SessionEnded { session } => Self::success("session.ended", session.as_uuid()),
            IdentityEvent::UserUpdated { user } => Self::success("user.updated", user.as_uuid()),
            IdentityEvent::PasswordChanged { user, sessions_ended } => {
                Self::success("password.changed", user.as_uuid()).with("sessions_ended", &sessions_ended)
            }
            IdentityEvent::PasswordChangeRefused { user } => {
                Self { outcome: Outcome::Refused, ..Self::success("password.change_refused", user.as_uuid()) }
            }
            IdentityEvent::CustomDataWritten { user, version } => {
                Self::success("custom_data.written", user.as_uuid()).with("version", &version)
            }
        }
    }
}
