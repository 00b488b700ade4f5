//! Creation of challenges for wallets.

use tessera_kernel::{AcceptedWallet, Actor, Network, OnConflict, RequestMetadata};

use crate::{
    Identity,
    model::{Challenge, Purpose},
    sessions::require_recent_authentication::{SessionError, session_of},
};

impl Identity {
    /// Issues a challenge to sign in. The result does not reveal whether a user has the wallet. Earlier challenges for
    /// the wallet stay valid: a caller who names another user's wallet does not affect that user.
    ///
    /// # Errors
    /// Fails with [`SessionError::Store`] when storage fails.
    pub async fn challenge_wallet(
        &self,
        wallet: AcceptedWallet,
        origin: &RequestMetadata,
    ) -> Result<Challenge, SessionError> {
        self.challenge(Purpose::SignIn, wallet, origin.network()).await
    }

    /// Issues a challenge to link the wallet to the actor's account. It is valid only in this session.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, or storage fails.
    pub async fn challenge_own_wallet(&self, actor: &Actor, wallet: AcceptedWallet) -> Result<Challenge, SessionError> {
        let (user, session) = session_of(actor)?;
        // Check this first: do not ask for a signature that would be rejected.
        self.require_recent_authentication(session).await?;
        self.challenge(Purpose::Link { user, session }, wallet, actor.origin.network()).await
    }

    async fn challenge(
        &self,
        purpose: Purpose,
        wallet: AcceptedWallet,
        network: Option<Network>,
    ) -> Result<Challenge, SessionError> {
        // Use the database clock: another node may verify the signature, and the clocks of nodes may be wrong.
        let now = self.ports.challenges.now().await?;
        let challenge =
            Challenge::new(purpose, wallet.account(), &self.settings.site, now, &*self.ports.system.entropy);
        // Only a challenge to link references another row: the session that was live a moment ago.
        self.ports.challenges.keep(&challenge).await.on_conflict(SessionError::SessionEnded)?;
        if let Some(oldest) = self.issued_challenges.add(&challenge.nonce, network) {
            // Answered challenges are already deleted. For them this call is only one read.
            self.ports.challenges.take(&oldest).await?;
        }
        Ok(challenge)
    }
}
