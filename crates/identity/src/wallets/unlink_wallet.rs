//! Unlinking of a wallet from an account.

use tessera_kernel::{Actor, Event, StoreError, WalletAddress};

use crate::{
    Identity,
    ports::AccountChange,
    sessions::require_recent_authentication::{SessionError, session_of},
    wallets::events::WalletAction,
};

tessera_kernel::error_enum! {
    /// Why no wallet was unlinked.
    pub enum UnlinkWalletError {
        /// The user has no such wallet.
        #[error("the user has no such wallet")]
        NotFound,
        /// It is the last sign-in method of the account.
        #[error("this is the last way to sign in")]
        LastSignInMethod,
    }
    from Session(SessionError), Store(StoreError)
}

impl Identity {
    /// Unlinks a wallet of the actor, on whatever chain it was linked. Sessions that it opened continue. The user gets
    /// a mail.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the user has no such wallet, it is the
    /// last sign-in method, or storage fails. Nothing changes then.
    pub async fn unlink_wallet(&self, actor: &Actor, address: &WalletAddress) -> Result<(), UnlinkWalletError> {
        let (user, session) = session_of(actor)?;
        let now = self.require_recent_authentication(session).await?;
        let mut tx = self.ports.store.begin().await?;
        // Lock the user, so that concurrent requests do not remove the last two sign-in methods.
        let known = tx.users().lock(user).await?.ok_or(SessionError::SessionEnded)?;
        // If the owner has recovered the account meanwhile, this session was ended. It must not remove a sign-in
        // method.
        if !tx.sessions().is_live(user, session, now).await? {
            return Err(SessionError::SessionEnded.into());
        }
        let theirs = known.user.wallets.iter().find(|wallet| wallet.account.address() == *address);
        let wallet = theirs.ok_or(UnlinkWalletError::NotFound)?.account;
        if known.sign_in_methods(self.usable_passkeys(&mut *tx, user).await?) < 2 {
            return Err(UnlinkWalletError::LastSignInMethod);
        }
        let what = WalletAction::Unlinked { user }.with(wallet);
        tx.wallets().delete(user, address).await?;
        // A sign-in that the wallet has begun is not completed.
        tx.interrupted_operations().withdraw_all(user).await?;
        tx.events().append(&Event::by(actor, what, &self.ports.system)).await?;
        self.notify(&mut *tx, &known.user, AccountChange::WalletUnlinked(wallet)).await?;
        tx.commit().await?;
        Ok(())
    }
}
