//! What this domain announces.

use tessera_kernel::{Announcement, Outcome, SessionId, UserId};

use crate::model::WalletAccount;

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
    /// A wallet that nobody knew has signed in.
    UserMadeByWallet {
        user: UserId,
        wallet: WalletAccount,
    },
    SessionStartedByWallet {
        user: UserId,
        session: SessionId,
        wallet: WalletAccount,
    },
    /// The user is named when the wallet is somebody's.
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
            IdentityEvent::UserMadeByWallet { user, wallet } => {
                Self::success("user.registered", user.as_uuid()).with("wallet", &wallet)
            }
            IdentityEvent::SessionStartedByWallet { user, session, wallet } => {
                let started = Self::success("session.started", session.as_uuid());
                started.with("user_id", &user).with("wallet", &wallet)
            }
            IdentityEvent::WalletRefused { user, wallet } => {
                Self::from(IdentityEvent::SignInRefused { user }).with("wallet", &wallet)
            }
            IdentityEvent::WalletLinked { user, wallet } => {
                Self::success("wallet.linked", user.as_uuid()).with("wallet", &wallet)
            }
            IdentityEvent::WalletLinkRefused { user, wallet } => {
                let refused = Self::success("wallet.link_refused", user.as_uuid()).with("wallet", &wallet);
                Self { outcome: Outcome::Refused, ..refused }
            }
            IdentityEvent::WalletUnlinked { user, wallet } => {
                Self::success("wallet.unlinked", user.as_uuid()).with("wallet", &wallet)
            }
        }
    }
}
