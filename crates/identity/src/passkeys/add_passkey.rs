//! Adding of a passkey to an account.

use tessera_kernel::{Actor, Event, OnConflict, PasskeyId, SessionId, StoreError, UserId};

use super::events::PasskeyEvent;
use crate::{
    Identity,
    model::{
        CeremonyPurpose, Device, KnownSession, Passkey, PasskeyName, PasskeyProof, RecoveryCode, SignInMethod,
        SignInMethods,
    },
    ports::{AccountChange, NewCredential, TakenCeremony, WebAuthnError},
    sessions::require_recent_authentication::{SessionError, session_of},
};

/// A created credential to add to an account.
#[derive(Debug)]
pub struct AddPasskey {
    /// The credential and its ceremony.
    pub proof: PasskeyProof,
    /// The name. By default, the device of the request.
    pub name: Option<PasskeyName>,
    /// The device of the request.
    pub device: Device,
}

/// The result of [`Identity::add_passkey`].
#[derive(Debug)]
pub struct AddedPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// The recovery codes, if this is the first factor of the account.
    pub recovery_codes: Option<Vec<RecoveryCode>>,
}

tessera_kernel::error_enum! {
    /// Why no passkey was added.
    pub enum AddPasskeyError {
        /// The ceremony is unknown, used, expired, or of another session, or the credential is not valid for it. The
        /// response is the same for all of them.
        #[error("the credential is not valid for this ceremony")]
        Invalid,
        /// This account or another one has the credential. That passkey does not change.
        #[error("this passkey is taken")]
        Taken,
        /// The user has the maximum number of passkeys.
        #[error("the account has too many passkeys")]
        TooMany,
    }
    from Session(SessionError), WebAuthn(WebAuthnError), Store(StoreError)
}

impl Identity {
    /// Adds a passkey to the actor's account. The session then has MFA. The user gets a mail.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the ceremony or the credential is not
    /// valid, the credential is taken, the user has the maximum number of passkeys, or storage fails. The ceremony is
    /// consumed even then.
    pub async fn add_passkey(&self, actor: &Actor, command: AddPasskey) -> Result<AddedPasskey, AddPasskeyError> {
        let (user, session) = session_of(actor)?;
        let Some(taken) = self.take_ceremony(&command.proof.ceremony).await? else {
            return Err(AddPasskeyError::Invalid);
        };
        let purpose = CeremonyPurpose::Add { user, session };
        let Some(credential) = self.created_credential(&taken, purpose, &command.proof)? else {
            return self.reject_passkey(actor, user).await;
        };
        let now = self.require_recent_authentication(session).await?;
        let NewCredential { id: credential_id, rp_id, credential, counter, synced } = credential;
        let passkey = Passkey {
            id: PasskeyId::generate(&self.ports.system),
            user_id: user,
            credential_id,
            rp_id,
            credential,
            counter,
            synced,
            name: command.name.map_or_else(|| name_of(command.device), Ok)?,
            created_at: now,
            last_used_at: None,
        };
        let recovery_codes = self.store_passkey(actor, session, &passkey).await?;
        Ok(AddedPasskey { passkey, recovery_codes })
    }

    async fn store_passkey(
        &self,
        actor: &Actor,
        session: SessionId,
        passkey: &Passkey,
    ) -> Result<Option<Vec<RecoveryCode>>, AddPasskeyError> {
        let (user, now) = (passkey.user_id, passkey.created_at);
        let known = self.ports.store.find_session(session).await?.filter(KnownSession::is_live);
        // Adding requires recent authentication. It does not itself count as one.
        let authenticated_at = known.ok_or(SessionError::SessionEnded)?.session.authenticated_at;
        let event = Event::by(actor, PasskeyEvent::Added { user, passkey: passkey.id }, &self.ports.system);
        let mut tx = self.ports.store.begin().await?;
        // Hold the lock until the end, so that concurrent requests do not exceed the maximum number.
        let known = self.lock_own_account(&mut *tx, (user, session), now).await?;
        if tx.passkeys().count(user).await? >= Passkey::MOST {
            return Err(AddPasskeyError::TooMany);
        }
        let codes = self.codes_of_first_factor(&mut *tx, user).await?;
        tx.passkeys().insert(passkey).await.on_conflict(AddPasskeyError::Taken)?;
        let methods = SignInMethods::of(SignInMethod::Passkey);
        tx.sessions().reauthenticate(user, session, methods, authenticated_at).await?;
        tx.events().append(&event).await?;
        self.notify(&mut *tx, &known.user, AccountChange::PasskeyAdded).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Returns the created credential, or `None` if it is not valid for the ceremony.
    fn created_credential(
        &self,
        TakenCeremony { ceremony, at }: &TakenCeremony,
        purpose: CeremonyPurpose,
        proof: &PasskeyProof,
    ) -> Result<Option<NewCredential>, WebAuthnError> {
        let Some(webauthn) = self.webauthn() else { return Ok(None) };
        if ceremony.purpose != purpose || !ceremony.is_open(*at) {
            return Ok(None);
        }
        match webauthn.finish_registration(&ceremony.state, &proof.credential) {
            Ok(credential) => Ok(Some(credential)),
            Err(WebAuthnError::Invalid(_)) => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    async fn reject_passkey(&self, actor: &Actor, user: UserId) -> Result<AddedPasskey, AddPasskeyError> {
        self.note(&Event::by(actor, PasskeyEvent::Rejected { user }, &self.ports.system)).await?;
        Err(AddPasskeyError::Invalid)
    }
}

/// The names of devices are fixed texts of this service.
fn name_of(device: Device) -> Result<PasskeyName, StoreError> {
    device.to_string().parse().map_err(|fault| StoreError::Other(Box::new(fault)))
}
