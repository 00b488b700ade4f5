//! Somebody asks what their wallet is to sign.

use tessera_kernel::{Actor, Network, OnConflict, Origin, Principal, SessionId, StoreError, UserId, delete_in_steps};

use crate::{
    Identity,
    model::{Challenge, Purpose, WalletAccount},
};

/// No challenge was given.
#[derive(Debug, thiserror::Error)]
pub enum ChallengeWalletError {
    /// An application has no wallets.
    #[error("only a user can link a wallet")]
    NotAUser,
    /// The session has ended meanwhile.
    #[error("the session has ended")]
    SessionEnded,
    /// The session is too old to change by what one signs in.
    #[error("the session is not fresh")]
    StaleSession,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Gives a text to sign in with. It tells nothing of whether anybody has the wallet, and does nothing to those that were
    /// given for it before: whoever names somebody else's wallet takes nothing from them.
    ///
    /// # Errors
    /// [`ChallengeWalletError::Store`].
    pub async fn challenge_wallet(
        &self,
        account: WalletAccount,
        origin: &Origin,
    ) -> Result<Challenge, ChallengeWalletError> {
        self.challenge(Purpose::SignIn, account, origin.network()).await
    }

    /// Gives a text by which the actor links the wallet, in this session and no other.
    ///
    /// # Errors
    /// See [`ChallengeWalletError`].
    pub async fn challenge_own_wallet(
        &self,
        actor: &Actor,
        account: WalletAccount,
    ) -> Result<Challenge, ChallengeWalletError> {
        let (user, session) = session_of(actor).ok_or(ChallengeWalletError::NotAUser)?;
        // Nobody is asked to sign what would be refused.
        self.require_fresh(session).await?;
        self.challenge(Purpose::Link { user, session }, account, actor.origin.network()).await
    }

    async fn challenge(
        &self,
        purpose: Purpose,
        account: WalletAccount,
        network: Option<Network>,
    ) -> Result<Challenge, ChallengeWalletError> {
        // Another node may be asked for the answer, and its clock may be wrong, or this one's.
        let now = self.ports.challenges.now().await?;
        let challenge = Challenge::new(purpose, account, &self.settings.site, now, &*self.ports.entropy);
        let challenge = Challenge { network, ..challenge };
        // Only a challenge to link refers to something, the session that was live just now.
        self.ports.challenges.keep(&challenge).await.on_conflict(ChallengeWalletError::SessionEnded)?;
        if let Some(oldest) = self.issued_challenges.add(&challenge.nonce) {
            // Answered challenges are gone already; for them this is one read.
            self.ports.challenges.take(&oldest).await?;
        }
        Ok(challenge)
    }

    /// Forgets the challenges that nobody has answered in time, and says how many.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn forget_expired_challenges(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.challenges.forget_expired(most)).await
    }
}

/// Who acts and in which session, unless it is an application.
pub(crate) const fn session_of(actor: &Actor) -> Option<(UserId, SessionId)> {
    match actor.principal {
        Principal::User { id, session, .. } => Some((id, session)),
        Principal::Application { .. } => None,
    }
}
