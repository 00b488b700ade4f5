//! A user with a session proves with a passkey who they are.

use tessera_kernel::{Actor, Event, StoreError};

use super::{check_passkey::CheckPasskeyError, events::PasskeyEvent};
use crate::{
    Identity,
    model::{CeremonyPurpose, PasskeyProof, SignInMethod, SignInMethods},
    ports::WebAuthnError,
    sessions::{
        reauthenticate::{ReauthenticateError, Reauthenticated},
        require_recent_authentication::{SessionError, session_of},
    },
};

tessera_kernel::error_enum! {
    /// Why a passkey did not reauthenticate the session.
    pub enum ReauthenticateWithPasskeyError {
        /// The ceremony or the credential is not valid, or the passkey is one of another user. The response is the same for
        /// all of them.
        #[error("the passkey does not prove this")]
        InvalidCredentials,
    }
    from Session(SessionError), WebAuthn(WebAuthnError), Reauthenticate(ReauthenticateError), Store(StoreError)
}

/// Maximum number of attempts. An attempt is repeated if the password was changed meanwhile.
const TRIES: usize = 3;

impl Identity {
    /// Makes the authentication of the actor's session recent. The ceremony is one of
    /// [`start_passkey_sign_in`](Self::start_passkey_sign_in), and is consumed even if this fails.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended, the ceremony or the credential is not valid, or storage
    /// fails.
    pub async fn reauthenticate_with_passkey(
        &self,
        actor: &Actor,
        proof: &PasskeyProof,
    ) -> Result<Reauthenticated, ReauthenticateWithPasskeyError> {
        let (user, _) = session_of(actor)?;
        let checked = self.check_passkey(user, proof, CeremonyPurpose::SignIn).await;
        let is_valid = checked.map_err(|error| match error {
            CheckPasskeyError::WebAuthn(error) => ReauthenticateWithPasskeyError::WebAuthn(error),
            CheckPasskeyError::Store(error) => ReauthenticateWithPasskeyError::Store(error),
        })?;
        if !is_valid {
            self.note(&Event::by(actor, PasskeyEvent::Rejected { user }, &self.ports.system)).await?;
            return Err(ReauthenticateWithPasskeyError::InvalidCredentials);
        }
        for _ in 0..TRIES {
            let known = self.ports.store.find_credentials_of(user).await?.ok_or(SessionError::SessionEnded)?;
            let now = self.ports.passkeys.now().await?;
            let methods = SignInMethods::of(SignInMethod::Passkey);
            if let Some(done) = self.mark_authenticated(actor, &known, methods, now).await? {
                return Ok(done);
            }
        }
        Err(StoreError::Busy.into())
    }
}
