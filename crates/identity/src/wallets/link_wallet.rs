//! Linking of a wallet to an account.

use tessera_kernel::{
    Actor, Event, OnConflict, QuotaExceeded, StoreError, UserId, WalletAccount, WalletSignatureError,
};

use super::redeem_challenge::Redeemed;
use crate::{
    Identity, WalletProof,
    model::{Purpose, Wallet},
    ports::{AccountChange, Requester, VerifyError},
    sessions::require_recent_authentication::{SessionError, session_of},
    wallets::events::WalletAction,
};

/// A request to link a wallet.
#[derive(Debug)]
pub struct LinkWallet {
    /// The wallet and its signature.
    pub proof: WalletProof,
}

tessera_kernel::error_enum! {
    /// Why no wallet was linked.
    pub enum LinkWalletError {
        /// The nonce is unknown, used, expired, or was issued for another purpose or another session, or the signature is
        /// not valid for this wallet. The response is the same for all of them.
        #[error("the signature does not prove this")]
        InvalidSignature,
        /// The wallet is already linked to this account or another one. That link does not change.
        #[error("this wallet is linked already")]
        WalletTaken,
    }
    from
        Session(SessionError),
        /// The nonce is consumed.
        MalformedSignature(WalletSignatureError),
        /// The user has the maximum number of wallets.
        Quota(QuotaExceeded),
        Verify(VerifyError),
        Store(StoreError),
}

impl Identity {
    /// Links a wallet to the actor's account. The user gets a mail.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the signature is malformed, invalid or
    /// cannot be verified, the wallet is linked, the quota is exceeded, or storage fails. The nonce of a user is consumed
    /// even then.
    pub async fn link_wallet(&self, actor: &Actor, command: LinkWallet) -> Result<Wallet, LinkWalletError> {
        let (user, session) = session_of(actor)?;
        let account = command.proof.account;
        let requester = Requester::known(&actor.origin);
        match self.redeem::<LinkWalletError>(command.proof, Purpose::Link { user, session }, requester).await? {
            Redeemed::By(..) => {}
            Redeemed::Denied => return self.refuse_link(actor, user, account).await,
            Redeemed::Unknown => return Err(LinkWalletError::InvalidSignature),
        }
        let now = self.require_recent_authentication(session).await?;
        let wallet = Wallet { account, linked_at: self.ports.system.now() };
        let event = Event::by(actor, WalletAction::Linked { user }.with(account), &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        // Hold the lock until the end, so that concurrent requests do not exceed the quota.
        let known = tx.users().lock(user).await?.ok_or(SessionError::SessionEnded)?;
        // If the owner has recovered the account meanwhile, this session was ended. It must not leave a sign-in method
        // behind.
        if !tx.sessions().is_live(user, session, now).await? {
            return Err(SessionError::SessionEnded.into());
        }
        self.quotas.wallets.admit(known.user.wallets.len() as u64)?;
        tx.wallets().insert(user, &wallet).await.on_conflict(LinkWalletError::WalletTaken)?;
        tx.events().append(&event).await?;
        self.notify(&mut *tx, &known.user, AccountChange::WalletLinked(account)).await?;
        tx.commit().await?;
        Ok(wallet)
    }

    async fn refuse_link(&self, actor: &Actor, user: UserId, wallet: WalletAccount) -> Result<Wallet, LinkWalletError> {
        let what = WalletAction::LinkRefused { user }.with(wallet);
        self.note(&Event::by(actor, what, &self.ports.system)).await?;
        Err(LinkWalletError::InvalidSignature)
    }
}
