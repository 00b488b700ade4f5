//! Audit entries of the identity domain.

use tessera_kernel::{ApplicationId, AuditEntry, OrganizationId, Outcome, SessionId, UserId, WalletAccount};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::model::{Audience, AuthorizationCode, KeyId};

/// Actions of this domain that the audit trail records.
#[derive(Debug)]
pub(crate) enum IdentityEvent {
    UserRegistered {
        user: UserId,
    },
    SessionStarted {
        user: UserId,
        session: SessionId,
    },
    /// `None` if the address has no account: the audit trail must not reveal more than the response did.
    SignInRefused {
        user: Option<UserId>,
    },
    SessionEnded {
        session: SessionId,
    },
    SessionsEnded {
        user: UserId,
        sessions_ended: u64,
    },
    UserUpdated {
        user: UserId,
    },
    EmailVerified {
        user: UserId,
    },
    /// An invited user has read a mail to the address but did not present the password of its account.
    EmailVerificationRefused {
        user: UserId,
    },
    PasswordChanged {
        user: UserId,
        sessions_ended: u64,
    },
    PasswordChangeRefused {
        user: UserId,
    },
    /// A password reset link was mailed to the address of the account.
    PasswordResetMailed {
        user: UserId,
    },
    PasswordReset {
        user: UserId,
        sessions_ended: u64,
    },
    CustomDataWritten {
        user: UserId,
        version: i64,
    },
    /// An unknown wallet has signed in, which created its user.
    UserMadeByWallet {
        user: UserId,
        wallet: WalletAccount,
    },
    SessionStartedByWallet {
        user: UserId,
        session: SessionId,
        wallet: WalletAccount,
    },
    /// `None` if the wallet is not linked to a user.
    WalletRefused {
        user: Option<UserId>,
        wallet: WalletAccount,
    },
    WalletLinked {
        user: UserId,
        wallet: WalletAccount,
    },
    WalletLinkRefused {
        user: UserId,
        wallet: WalletAccount,
    },
    WalletUnlinked {
        user: UserId,
        wallet: WalletAccount,
    },
    TokenExchanged {
        token: Uuid,
        organization: OrganizationId,
        audience: Audience,
    },
    ExchangeDenied {
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
    SsoSignedIn {
        user: UserId,
        organization: OrganizationId,
        application: ApplicationId,
        wallet: WalletAccount,
    },
    SsoRefused {
        reason: SsoRefusal,
        wallet: Option<WalletAccount>,
    },
    SsoCodePresented {
        user: UserId,
        organization: OrganizationId,
        application: ApplicationId,
        refusal: Option<CodeRefusal>,
    },
}

impl IdentityEvent {
    /// Creates the entry for an issued code that was presented. `refusal` is `None` if it was redeemed.
    pub(crate) const fn of_code(code: &AuthorizationCode, refusal: Option<CodeRefusal>) -> Self {
        let AuthorizationCode { user, organization, application, .. } = *code;
        Self::SsoCodePresented { user, organization, application, refusal }
    }
}

/// Why a sign-in to an application was refused. Only the audit trail contains it, not the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SsoRefusal {
    Session,
    Signature,
    Application,
}

impl SsoRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Signature => "signature",
            Self::Application => "application",
        }
    }
}

/// Why an authorization code was refused. Only the audit trail contains it, not the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeRefusal {
    /// The rest of the request was invalid.
    Body,
    Used,
    Expired,
    RedirectUri,
    /// The application has removed the redirect URI.
    Application,
    Verifier,
}

impl CodeRefusal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::RedirectUri => "redirect_uri",
            Self::Application => "application",
            Self::Verifier => "verifier",
        }
    }
}

/// Why a token exchange was refused. Only the audit trail contains it, not the response.
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

impl From<IdentityEvent> for AuditEntry {
    fn from(event: IdentityEvent) -> Self {
        match event {
            IdentityEvent::UserRegistered { user } => Self::success("user.registered", user.as_uuid()),
            IdentityEvent::SessionStarted { user, session } => {
                Self::success("session.started", session.as_uuid()).with("user_id", &user)
            }
            IdentityEvent::SignInRefused { user } => refused_sign_in(user),
            IdentityEvent::SessionEnded { session } => Self::success("session.ended", session.as_uuid()),
            IdentityEvent::SessionsEnded { user, sessions_ended } => ended("sessions.ended", user, sessions_ended),
            IdentityEvent::UserUpdated { user } => Self::success("user.updated", user.as_uuid()),
            IdentityEvent::EmailVerified { user } => Self::success("user.email_verified", user.as_uuid()),
            IdentityEvent::EmailVerificationRefused { user } => refused("user.email_verification_refused", user),
            IdentityEvent::PasswordChanged { user, sessions_ended } => ended("password.changed", user, sessions_ended),
            IdentityEvent::PasswordChangeRefused { user } => refused("password.change_refused", user),
            IdentityEvent::PasswordResetMailed { user } => done("password.reset_mailed", user),
            IdentityEvent::PasswordReset { user, sessions_ended } => ended("password.reset", user, sessions_ended),
            IdentityEvent::CustomDataWritten { user, version } => {
                done("custom_data.written", user).with("version", &version)
            }
            IdentityEvent::UserMadeByWallet { user, wallet } => {
                Self::success("user.registered", user.as_uuid()).with("wallet", &wallet)
            }
            IdentityEvent::SessionStartedByWallet { user, session, wallet } => {
                Self::from(IdentityEvent::SessionStarted { user, session }).with("wallet", &wallet)
            }
            IdentityEvent::WalletRefused { user, wallet } => {
                Self::from(IdentityEvent::SignInRefused { user }).with("wallet", &wallet)
            }
            IdentityEvent::WalletLinked { user, wallet } => done("wallet.linked", user).with("wallet", &wallet),
            IdentityEvent::WalletLinkRefused { user, wallet } => {
                refused("wallet.link_refused", user).with("wallet", &wallet)
            }
            IdentityEvent::WalletUnlinked { user, wallet } => done("wallet.unlinked", user).with("wallet", &wallet),
            IdentityEvent::TokenExchanged { token, organization, audience } => {
                Self::success("token.exchanged", token).within(organization).with("audience", &audience)
            }
            IdentityEvent::ExchangeDenied { refusal, organization, audience } => {
                refused_exchange(refusal, organization).with("audience", &audience)
            }
            IdentityEvent::SigningKeyPublished { key, signs_from } => {
                about_key("signing_key.published", &key).with("signs_from", &signs_from)
            }
            IdentityEvent::SigningKeyRemoved { key } => about_key("signing_key.removed", &key),
            IdentityEvent::SsoSignedIn { user, organization, application, wallet } => {
                about_sign_on("sso.signed_in", user, organization, application).with("wallet", &wallet)
            }
            IdentityEvent::SsoRefused { reason, wallet } => refused_sign_on(reason, wallet),
            IdentityEvent::SsoCodePresented { user, organization, application, refusal: None } => {
                about_sign_on("sso.code_redeemed", user, organization, application)
            }
            IdentityEvent::SsoCodePresented { user, organization, application, refusal: Some(refusal) } => {
                let refused = about_sign_on("sso.code_refused", user, organization, application);
                Self { outcome: Outcome::Refused, ..refused }.with("reason", refusal.as_str())
            }
        }
    }
}

fn done(name: &'static str, user: UserId) -> AuditEntry {
    AuditEntry::success(name, user.as_uuid())
}

/// Creates the entry of an action that ended sessions, with their number.
fn ended(name: &'static str, user: UserId, sessions: u64) -> AuditEntry {
    done(name, user).with("sessions_ended", &sessions)
}

fn refused(name: &'static str, user: UserId) -> AuditEntry {
    AuditEntry { outcome: Outcome::Refused, ..AuditEntry::success(name, user.as_uuid()) }
}

fn refused_sign_in(user: Option<UserId>) -> AuditEntry {
    AuditEntry {
        name: "session.refused",
        outcome: Outcome::Refused,
        organization: None,
        subject: user.map(|user| user.as_uuid()),
        details: Vec::new(),
    }
}

fn refused_exchange(refusal: ExchangeRefusal, organization: OrganizationId) -> AuditEntry {
    let what = AuditEntry {
        name: "token.refused",
        outcome: Outcome::Refused,
        // Non-members must not write to the audit trail of an organization, which may not even exist.
        organization: (refusal == ExchangeRefusal::Audience).then_some(organization),
        subject: None,
        details: Vec::new(),
    };
    what.with("reason", refusal.as_str()).with("organization_id", &organization)
}

/// The id of a key is not a UUID, so it goes into the details and not into the subject.
fn about_key(name: &'static str, key: &KeyId) -> AuditEntry {
    let what = AuditEntry { name, outcome: Outcome::Success, organization: None, subject: None, details: Vec::new() };
    what.with("kid", key)
}

/// Belongs to no organization: an unauthenticated caller must not write to the audit trail of an organization.
fn refused_sign_on(reason: SsoRefusal, wallet: Option<WalletAccount>) -> AuditEntry {
    let name = "sso.refused";
    let what = AuditEntry { name, outcome: Outcome::Refused, organization: None, subject: None, details: Vec::new() };
    let what = what.with("reason", reason.as_str());
    match wallet {
        Some(wallet) => what.with("wallet", &wallet),
        None => what,
    }
}

fn about_sign_on(name: &'static str, user: UserId, of: OrganizationId, application: ApplicationId) -> AuditEntry {
    AuditEntry::success(name, user.as_uuid()).within(of).with("application_id", &application)
}
