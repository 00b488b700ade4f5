//! The names of all audit entries. Metrics count by them, so each name has a series from the start.

use crate::Outcome;

impl Outcome {
    /// The names of the entries with this outcome. A test compares them with the events of the domains.
    #[must_use]
    pub const fn event_names(self) -> &'static [&'static str] {
        match self {
            Self::Success => SUCCESSES,
            Self::Refused => REFUSALS,
        }
    }
}

const SUCCESSES: &[&str] = &[
    "api_key.generated",
    "api_key.leaked",
    "api_key.revoked",
    "api_key.rotated",
    "api_key.rotation_finished",
    "api_key.updated",
    "application.created",
    "application.deleted",
    "application.updated",
    "custom_data.written",
    "database.restored",
    "factor.added",
    "factor.code_used",
    "factor.codes_replaced",
    "factor.removed",
    "invitation.accepted",
    "invitation.declined",
    "invitation.resent",
    "invitation.sent",
    "invitation.withdrawn",
    "member.added",
    "member.removed",
    "member.role_changed",
    "organization.created",
    "organization.deleted",
    "organization.settings_updated",
    "organization.updated",
    "organization_key.created",
    "organization_key.leaked",
    "organization_key.revoked",
    "organization_key.rotated",
    "organization_key.rotation_finished",
    "organization_key.updated",
    "password.changed",
    "password.reset",
    "password.reset_mailed",
    "refresh_token_secret.added",
    "sealed_values.resealed",
    "service_account.created",
    "service_account.disabled",
    "service_account.updated",
    "session.ended",
    "session.reauthenticated",
    "session.refresh_reused",
    "session.started",
    "sessions.ended",
    "signing_key.published",
    "signing_key.removed",
    "sso.code_redeemed",
    "sso.signed_in",
    "system_data.written",
    "token.exchanged",
    "user.email_change_confirmed",
    "user.email_change_declined",
    "user.email_change_requested",
    "user.email_changed",
    "user.email_verified",
    "user.registered",
    "user.registration_requested",
    "user.updated",
    "user.verification_mailed",
    "user_token_secret.added",
    "wallet.linked",
    "wallet.unlinked",
];

const REFUSALS: &[&str] = &[
    "factor.rejected",
    "limit.reached",
    "password.change_refused",
    "permission.denied",
    "session.refused",
    "sso.code_refused",
    "sso.refused",
    "token.refused",
    "user.email_verification_refused",
    "wallet.link_refused",
];
