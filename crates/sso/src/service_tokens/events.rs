//! Audit entries of service tokens.

use tessera_kernel::{AuditEntry, OrganizationId, Outcome};
use uuid::Uuid;

use super::model::Audience;

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum ServiceTokenEvent {
    Exchanged { token: Uuid, organization: OrganizationId, audience: Audience },
    ExchangeDenied { refusal: ExchangeRefusal, organization: OrganizationId, audience: Audience },
}

/// Why a token exchange was refused. Only the audit trail contains it, not the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExchangeRefusal {
    Session,
    Membership,
    Audience,
    Mfa,
}

impl ExchangeRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Membership => "membership",
            Self::Audience => "audience",
            Self::Mfa => "mfa",
        }
    }
}

impl From<ServiceTokenEvent> for AuditEntry {
    fn from(event: ServiceTokenEvent) -> Self {
        match event {
            ServiceTokenEvent::Exchanged { token, organization, audience } => {
                Self::success("token.exchanged", token).within(organization).with("audience", &audience)
            }
            ServiceTokenEvent::ExchangeDenied { refusal, organization, audience } => {
                refused(refusal, organization).with("audience", &audience)
            }
        }
    }
}

fn refused(refusal: ExchangeRefusal, organization: OrganizationId) -> AuditEntry {
    let what = AuditEntry {
        name: "token.refused",
        outcome: Outcome::Refused,
        // Non-members must not write to the audit trail of an organization, which may not even exist.
        organization: matches!(refusal, ExchangeRefusal::Audience | ExchangeRefusal::Mfa).then_some(organization),
        subject: None,
        details: Vec::new(),
    };
    what.with("reason", refusal.as_str()).with("organization_id", &organization)
}
