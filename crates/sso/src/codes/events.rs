//! Audit entries of authorization codes.

use tessera_kernel::{ApplicationId, AuditEntry, OrganizationId, Outcome, UserId};

use super::model::AuthorizationCode;

/// An issued code was presented.
#[derive(Debug)]
pub(crate) struct CodePresented {
    user: UserId,
    organization: OrganizationId,
    application: ApplicationId,
    /// `None` if the code was redeemed.
    refusal: Option<CodeRefusal>,
}

impl CodePresented {
    pub(crate) const fn new(code: &AuthorizationCode, refusal: Option<CodeRefusal>) -> Self {
        let AuthorizationCode { user, organization, application, .. } = *code;
        Self { user, organization, application, refusal }
    }
}

/// Why an authorization code was refused. Only the audit trail contains it, not the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeRefusal {
    Used,
    Expired,
    RedirectUri,
    /// The application has removed the redirect URI.
    Application,
    /// The code verifier is malformed or does not match.
    Verifier,
}

impl CodeRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Expired => "expired",
            Self::RedirectUri => "redirect_uri",
            Self::Application => "application",
            Self::Verifier => "verifier",
        }
    }
}

impl From<CodePresented> for AuditEntry {
    fn from(event: CodePresented) -> Self {
        let CodePresented { user, organization, application, refusal } = event;
        let name = if refusal.is_none() { "sso.code_redeemed" } else { "sso.code_refused" };
        let what = Self::success(name, user.as_uuid()).within(organization).with("application_id", &application);
        match refusal {
            None => what,
            Some(refusal) => Self { outcome: Outcome::Refused, ..what }.with("reason", refusal.as_str()),
        }
    }
}
