//! Audit entries of the identity domain.

use tessera_kernel::{AuditEntry, Outcome, SessionId, UserId, WalletAccount};

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
