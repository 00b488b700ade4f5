//! A user gives up one of the ways in which they sign in.

use tessera_kernel::{Actor, Event, StoreError};

use super::challenge_wallet::session_of;
use crate::{Identity, events::IdentityEvent, model::WalletAddress, ports::AccountChange};

/// No wallet was unlinked.
#[derive(Debug, thiserror::Error)]
pub enum UnlinkWalletError {
    /// An application has no wallets.
    #[error("only a user can unlink a wallet")]
    NotAUser,
    /// The session has ended meanwhile.
    #[error("the session has ended")]
    SessionEnded,
    /// The session is too old to change by what one signs in.
    #[error("the session is not fresh")]
    StaleSession,
    /// The user has no such wallet.
    #[error("the user has no such wallet")]
    NotFound,
    /// Without it nobody could sign in to the account any more.
    #[error("this is the last way to sign in")]
    LastWayIn,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Unlinks a wallet of the actor's, on whatever chain it was linked. Sessions that it opened go on. They are
    /// told by mail.
    ///
    /// # Errors
    /// See [`UnlinkWalletError`]; nothing has changed then.
    pub async fn unlink_wallet(&self, actor: &Actor, address: &WalletAddress) -> Result<(), UnlinkWalletError> {
        let (user, session) = session_of(actor).ok_or(UnlinkWalletError::NotAUser)?;
        let now = self.require_fresh(session).await?;
        let mut tx = self.ports.store.begin().await?;
        // Whoever takes away a way in holds the user: two at once do not take the last two.
        let known = tx.users().lock(user).await?.ok_or(UnlinkWalletError::SessionEnded)?;
        // Whoever has taken the account back meanwhile has ended this session, and it takes no way in from them.
        if !tx.sessions().is_live(user, session, now).await? {
            return Err(UnlinkWalletError::SessionEnded);
        }
        let theirs = known.user.wallets.iter().find(|wallet| wallet.account.address() == *address);
        let wallet = theirs.ok_or(UnlinkWalletError::NotFound)?.account;
        if !known.can_spare_a_wallet() {
            return Err(UnlinkWalletError::LastWayIn);
        }
        let what = IdentityEvent::WalletUnlinked { user, wallet }.into();
        tx.wallets().delete(user, address).await?;
        tx.events().append(&Event::by(actor, what, &*self.ports.clock, &*self.ports.entropy)).await?;
        self.tell(&mut *tx, &known.user, AccountChange::WalletUnlinked(wallet)).await?;
        tx.commit().await?;
        Ok(())
    }
}
