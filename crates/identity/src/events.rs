//! What this domain announces.

use tessera_kernel::{Announcement, OrganizationId, Outcome, SessionId, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::model::{Audience, KeyId};

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
    TokenExchanged {
        token: Uuid,
        organization: OrganizationId,
        audience: Audience,
    },
    ExchangeRefused {
        refusal: ExchangeRefusal,
        organization: OrganizationId,
        audience: Audience,
    },
    SigningKeyPublished {
        key: KeyId,
        signs_from: OffsetDateTime,
    },
    SigningKeyRemoved {
        key: KeyId,
    },
}

/// Why a user token was not exchanged. The trail says it, the answer does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExchangeRefusal {
    Session,
    Membership,
    Audience,
}

impl ExchangeRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Membership => "membership",
            Self::Audience => "audience",
        }
    }
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
            IdentityEvent::TokenExchanged { token, organization, audience } => {
                Self::success("token.exchanged", token).within(organization).with("audience", &audience)
            }
            IdentityEvent::ExchangeRefused { refusal, organization, audience } => {
                refused_exchange(refusal, organization).with("audience", &audience)
            }
            IdentityEvent::SigningKeyPublished { key, signs_from } => {
                about_key("signing_key.published", &key).with("signs_from", &signs_from)
            }
            IdentityEvent::SigningKeyRemoved { key } => about_key("signing_key.removed", &key),
        }
    }
}

fn refused_exchange(refusal: ExchangeRefusal, organization: OrganizationId) -> Announcement {
    let what = Announcement {
        name: "token.refused",
        outcome: Outcome::Refused,
        // Strangers don't write into the trail of an organization, which may not even exist.
        organization: (refusal == ExchangeRefusal::Audience).then_some(organization),
        subject: None,
        details: Vec::new(),
    };
    what.with("reason", refusal.as_str()).with("organization_id", &organization)
}

/// A key's id is no UUID, so it is among the details.
fn about_key(name: &'static str, key: &KeyId) -> Announcement {
    let what = Announcement { name, outcome: Outcome::Success, organization: None, subject: None, details: Vec::new() };
    what.with("kid", key)
}
