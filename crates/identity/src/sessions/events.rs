//! Audit entries of sessions.

use tessera_kernel::{AuditEntry, Outcome, SessionId, UserId};

use super::model::SignInMethods;

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum SessionEvent {
    Started { user: UserId, session: SessionId },
    SignInRefused { user: Option<UserId> },
    Ended { session: SessionId },
    SeveralEnded { user: UserId, sessions_ended: u64 },
    RefreshReused { user: UserId, session: SessionId },
    Reauthenticated { session: SessionId, methods: SignInMethods },
}

impl From<SessionEvent> for AuditEntry {
    fn from(event: SessionEvent) -> Self {
        match event {
            SessionEvent::Started { user, session } => {
                Self::success("session.started", session.as_uuid()).with("user_id", &user)
            }
            // Without an account, the audit trail must not reveal more than the response did.
            SessionEvent::SignInRefused { user } => Self {
                name: "session.refused",
                outcome: Outcome::Refused,
                organization: None,
                subject: user.map(|user| user.as_uuid()),
                details: Vec::new(),
            },
            SessionEvent::Ended { session } => Self::success("session.ended", session.as_uuid()),
            SessionEvent::SeveralEnded { user, sessions_ended } => {
                Self::success("sessions.ended", user.as_uuid()).with("sessions_ended", &sessions_ended)
            }
            SessionEvent::RefreshReused { user, session } => {
                Self::success("session.refresh_reused", session.as_uuid()).with("user_id", &user)
            }
            SessionEvent::Reauthenticated { session, methods } => {
                Self::success("session.reauthenticated", session.as_uuid()).with("methods", &methods)
            }
        }
    }
}
