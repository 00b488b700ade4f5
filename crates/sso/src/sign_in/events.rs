//! Audit entries of sign-ins to applications.

use tessera_kernel::{ApplicationId, AuditEntry, OrganizationId, Outcome, UserId, WalletAccount};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum SignInEvent {
    SignedIn { user: UserId, organization: OrganizationId, application: ApplicationId, wallet: WalletAccount },
    Refused { reason: SignInRefusal, wallet: Option<WalletAccount> },
}

/// Why a sign-in to an application was refused. Only the audit trail contains it, not the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    Session,
    Signature,
    Application,
}

impl SignInRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Signature => "signature",
            Self::Application => "application",
        }
    }
}

impl From<SignInEvent> for AuditEntry {
    fn from(event: SignInEvent) -> Self {
        match event {
            SignInEvent::SignedIn { user, organization, application, wallet } => {
                Self::success("sso.signed_in", user.as_uuid())
                    .within(organization)
                    .with("application_id", &application)
                    .with("wallet", &wallet)
            }
            SignInEvent::Refused { reason, wallet } => refused(reason, wallet),
        }
    }
}

/// Belongs to no organization: an unauthenticated caller must not write to the audit trail of an organization.
fn refused(reason: SignInRefusal, wallet: Option<WalletAccount>) -> AuditEntry {
    let name = "sso.refused";
    let what = AuditEntry { name, outcome: Outcome::Refused, organization: None, subject: None, details: Vec::new() };
    let what = what.with("reason", reason.as_str());
    match wallet {
        Some(wallet) => what.with("wallet", &wallet),
        None => what,
    }
}
