//! Starts of ceremonies.

use tessera_kernel::{Actor, CeremonyId, Network, OnConflict, RequestMetadata, StoreError, UserId};

use crate::{
    Identity,
    model::{Ceremony, CeremonyPurpose, Passkey, StartedCeremony},
    ports::{CeremonyStart, IdentityTransaction, WebAuthn, WebAuthnError},
    sessions::require_recent_authentication::{SessionError, session_of},
};

tessera_kernel::error_enum! {
    /// Why no ceremony was started.
    pub enum StartCeremonyError {
        /// The service has no RP id, because its public URL has an IP address.
        #[error("this service has no passkeys")]
        Unavailable,
        /// The user has the maximum number of passkeys.
        #[error("the account has too many passkeys")]
        TooMany,
    }
    from Session(SessionError), WebAuthn(WebAuthnError), Store(StoreError)
}

impl Identity {
    /// Starts a sign-in with a passkey. The options list no credentials, so they do not depend on any account.
    ///
    /// # Errors
    /// Fails when there are no passkeys in this installation, or storage fails.
    pub async fn start_passkey_sign_in(&self, origin: &RequestMetadata) -> Result<StartedCeremony, StartCeremonyError> {
        let start = self.webauthn().ok_or(StartCeremonyError::Unavailable)?.start_authentication(&[])?;
        self.keep_ceremony(start, CeremonyPurpose::SignIn, origin.network()).await
    }

    /// Starts to add a passkey to the actor's account. Only the session of the actor can finish it.
    ///
    /// # Errors
    /// Fails when there are no passkeys in this installation, the actor is not a user, the session has ended or is too
    /// old, the user has the maximum number of passkeys, or storage fails.
    pub async fn start_adding_passkey(&self, actor: &Actor) -> Result<StartedCeremony, StartCeremonyError> {
        let (user, session) = session_of(actor)?;
        let webauthn = self.webauthn().ok_or(StartCeremonyError::Unavailable)?;
        // Check this first: do not let an authenticator create a passkey that would be rejected.
        self.require_recent_authentication(session).await?;
        let existing = self.ports.passkeys.list_passkeys(user).await?;
        if existing.len() as u64 >= Passkey::MOST {
            return Err(StartCeremonyError::TooMany);
        }
        let known = self.ports.store.find_user(user).await?.ok_or(SessionError::SessionEnded)?;
        let start = webauthn.start_registration(&known, &existing)?;
        self.keep_ceremony(start, CeremonyPurpose::Add { user, session }, actor.origin.network()).await
    }

    /// Starts the use of a passkey as the second factor of the user. The options list the passkeys of the user. Returns
    /// `None` if the user has none for the present RP id, or there are no passkeys in this installation.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn start_second_factor(
        &self,
        user: UserId,
        origin: &RequestMetadata,
    ) -> Result<Option<StartedCeremony>, StartCeremonyError> {
        let Some(webauthn) = self.webauthn() else { return Ok(None) };
        let mut passkeys = self.ports.passkeys.list_passkeys(user).await?;
        // A passkey of another RP id cannot answer.
        passkeys.retain(|passkey| passkey.rp_id == webauthn.rp_id());
        if passkeys.is_empty() {
            return Ok(None);
        }
        let start = webauthn.start_authentication(&passkeys)?;
        self.keep_ceremony(start, CeremonyPurpose::SecondFactor { user }, origin.network()).await.map(Some)
    }

    /// Returns the number of passkeys with which a user can sign in. Those of another RP id do not count.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub(crate) async fn usable_passkeys(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: UserId,
    ) -> Result<u64, StoreError> {
        match self.webauthn() {
            Some(webauthn) => tx.passkeys().count_of_rp_id(user, webauthn.rp_id()).await,
            None => Ok(0),
        }
    }

    pub(super) fn webauthn(&self) -> Option<&dyn WebAuthn> {
        self.ports.webauthn.as_deref()
    }

    async fn keep_ceremony(
        &self,
        start: CeremonyStart,
        purpose: CeremonyPurpose,
        network: Option<Network>,
    ) -> Result<StartedCeremony, StartCeremonyError> {
        // Use the database clock: another node may finish the ceremony, and the clocks of nodes may be wrong.
        let expires_at = self.ports.passkeys.now().await? + Ceremony::TTL;
        let id = CeremonyId::generate(&self.ports.system);
        let ceremony = Ceremony { id, purpose, state: start.state, expires_at };
        // The user or the session may have been deleted a moment ago.
        let kept = self.ports.passkeys.keep_ceremony(&ceremony).await;
        kept.on_conflict(StartCeremonyError::Session(SessionError::SessionEnded))?;
        if let Some(oldest) = self.issued_ceremonies.add(&id, network) {
            // Finished ceremonies are already deleted. For them this call is only one read.
            self.ports.passkeys.take_ceremony(oldest).await?;
        }
        Ok(StartedCeremony { id, options: start.options, expires_at })
    }
}
