//! A user adds a wallet to the ways in which they sign in.

use tessera_kernel::{Actor, Event, OnConflict, QuotaExceeded, StoreError, UserId};

use super::{
    challenge_wallet::session_of,
    redeem_challenge::{RedeemError, Redeemed},
};
use crate::{
    Identity, WalletProof,
    events::IdentityEvent,
    model::{Purpose, Wallet, WalletAccount},
    ports::{AccountChange, Requester, VerifyError},
};

/// What the user presents.
#[derive(Debug)]
pub struct LinkWallet {
    /// The wallet and its signature.
    pub proof: WalletProof,
}

/// No wallet was linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkWalletError {
    /// An application has no wallets.
    #[error("only a user can link a wallet")]
    NotAUser,
    /// The session has ended meanwhile.
    #[error("the session has ended")]
    SessionEnded,
    /// The session is too old to change by what one signs in.
    #[error("the session is not fresh")]
    StaleSession,
    /// The nonce is unknown, used or expired, was given for something else or to another session, or the signature is not
    /// this wallet's: always the same answer.
    #[error("the signature does not prove this")]
    InvalidSignature,
    /// The wallet is linked already, to this account or another; it stays where it is.
    #[error("this wallet is linked already")]
    WalletTaken,
    /// The user has as many wallets as allowed.
    #[error(transparent)]
    Quota(#[from] QuotaExceeded),
    /// The signature could not be checked.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RedeemError> for LinkWalletError {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Verify(error) => Self::Verify(error),
            RedeemError::Store(error) => Self::Store(error),
        }
    }
}

impl Identity {
    /// Links a wallet to the actor's account. They are told by mail.
    ///
    /// # Errors
    /// See [`LinkWalletError`]; nothing has changed then, but the nonce is used up.
    pub async fn link_wallet(&self, actor: &Actor, command: LinkWallet) -> Result<Wallet, LinkWalletError> {
        let (user, session) = session_of(actor).ok_or(LinkWalletError::NotAUser)?;
        let account = command.proof.account;
        let requester = Requester::known(&actor.origin);
        match self.redeem(command.proof, Purpose::Link { user, session }, requester).await? {
            Redeemed::By(..) => {}
            Redeemed::Denied => return self.refuse_link(actor, user, account).await,
            Redeemed::Unknown => return Err(LinkWalletError::InvalidSignature),
        }
        let now = self.require_fresh(session).await?;
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let wallet = Wallet { account, linked_at: clock.now() };
        let event = Event::by(actor, IdentityEvent::WalletLinked { user, wallet: account }.into(), clock, entropy);
        let mut tx = self.ports.store.begin().await?;
        // Held until the end, so that two at once do not exceed the number.
        let known = tx.users().lock(user).await?.ok_or(LinkWalletError::SessionEnded)?;
        // Whoever has taken the account back meanwhile has ended this session, and it leaves no way in behind.
        if !tx.sessions().is_live(user, session, now).await? {
            return Err(LinkWalletError::SessionEnded);
        }
        self.quotas.wallets.admit(known.user.wallets.len() as u64)?;
        tx.wallets().insert(user, &wallet).await.on_conflict(LinkWalletError::WalletTaken)?;
        tx.events().append(&event).await?;
        self.tell(&mut *tx, &known.user, AccountChange::WalletLinked(account)).await?;
        tx.commit().await?;
        Ok(wallet)
    }

    async fn refuse_link(&self, actor: &Actor, user: UserId, wallet: WalletAccount) -> Result<Wallet, LinkWalletError> {
        let what = IdentityEvent::WalletLinkRefused { user, wallet }.into();
        let event = Event::by(actor, what, &*self.ports.clock, &*self.ports.entropy);
        self.note(&event).await?;
        Err(LinkWalletError::InvalidSignature)
    }
}
