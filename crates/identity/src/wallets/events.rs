//! Audit entries of wallets.

use tessera_kernel::{AuditEntry, Outcome, UserId, WalletAccount};

use crate::{accounts::events::AccountEvent, sessions::events::SessionEvent};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum WalletAction {
    /// An unknown wallet has signed in, which created its user.
    Registered {
        user: UserId,
    },
    /// `None` if the wallet is not linked to a user.
    SignInRefused {
        user: Option<UserId>,
    },
    Linked {
        user: UserId,
    },
    LinkRefused {
        user: UserId,
    },
    Unlinked {
        user: UserId,
    },
}

/// An action with a wallet.
#[derive(Debug)]
pub(crate) struct WalletEvent {
    pub(crate) action: WalletAction,
    pub(crate) wallet: WalletAccount,
}

impl WalletAction {
    pub(crate) const fn with(self, wallet: WalletAccount) -> WalletEvent {
        WalletEvent { action: self, wallet }
    }
}

impl From<WalletEvent> for AuditEntry {
    fn from(WalletEvent { action, wallet }: WalletEvent) -> Self {
        let entry = match action {
            WalletAction::Registered { user } => AccountEvent::Registered { user }.into(),
            WalletAction::SignInRefused { user } => SessionEvent::SignInRefused { user }.into(),
            WalletAction::Linked { user } => Self::success("wallet.linked", user.as_uuid()),
            WalletAction::LinkRefused { user } => {
                Self { outcome: Outcome::Refused, ..Self::success("wallet.link_refused", user.as_uuid()) }
            }
            WalletAction::Unlinked { user } => Self::success("wallet.unlinked", user.as_uuid()),
        };
        entry.with("wallet", &wallet)
    }
}
