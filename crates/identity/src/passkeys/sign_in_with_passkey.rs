//! Passkey sign-in.

use tessera_kernel::{Event, RequestMetadata, StoreError, UserId};

use super::verify_passkey::{PasskeyVerdict, VerifiedPasskey};
use crate::{
    Identity,
    model::{CeremonyPurpose, Device, PasskeyProof, SessionRequest, SignInMethod, SignInMethods},
    ports::{TokenError, WebAuthnError},
    sessions::{
        events::SessionEvent,
        open_session::{Authentication, NewSession, SignedIn},
    },
};

/// A passkey sign-in request.
#[derive(Debug)]
pub struct SignInWithPasskey {
    /// The credential and its ceremony.
    pub proof: PasskeyProof,
    /// The device of the request.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
    /// What the client asks for.
    pub session: SessionRequest,
}

tessera_kernel::error_enum! {
    /// Why a passkey sign-in failed.
    pub enum SignInWithPasskeyError {
        /// The ceremony is unknown, used or expired, the passkey is unknown or of another user, or the signature is not
        /// valid for it. The response is the same for all of them.
        #[error("the passkey does not prove this")]
        InvalidCredentials,
    }
    from WebAuthn(WebAuthnError), Token(TokenError), Store(StoreError)
}

impl Identity {
    /// Signs in with a passkey alone. It counts as both factors, because the authenticator has verified its user.
    ///
    /// # Errors
    /// Fails when the ceremony or the credential is not valid, or signing the token or storage fails. The ceremony is
    /// consumed even then.
    pub async fn sign_in_with_passkey(&self, command: SignInWithPasskey) -> Result<SignedIn, SignInWithPasskeyError> {
        let SignInWithPasskey { proof, device, origin, session } = command;
        let verdict = self.verify_passkey::<SignInWithPasskeyError>(&proof, CeremonyPurpose::SignIn, None).await?;
        let VerifiedPasskey { passkey, assertion, at } = match verdict {
            PasskeyVerdict::Valid(verified) => verified,
            PasskeyVerdict::Denied(user) => return self.refuse_passkey(user, &origin).await,
            PasskeyVerdict::Unknown => return Err(SignInWithPasskeyError::InvalidCredentials),
        };
        let mut tx = self.ports.store.begin().await?;
        // Locked as for every sign-in: a password reset that removes the passkey ends this session too.
        let Some(known) = tx.users().lock(passkey.user_id).await? else {
            return Err(SignInWithPasskeyError::InvalidCredentials);
        };
        // Another sign-in may have used the same counter meanwhile, or the user may have removed the passkey.
        if !tx.passkeys().record_use(&passkey, &assertion, at).await? {
            drop(tx);
            return self.refuse_passkey(Some(passkey.user_id), &origin).await;
        }
        let opening = NewSession {
            user: known.user,
            authentication: Authentication::Passkey(passkey.id),
            methods: SignInMethods::of(SignInMethod::Passkey),
            request: session,
            now: at,
            device,
            origin: &origin,
        };
        let opened = self.insert_session::<SignInWithPasskeyError>(tx, opening).await?;
        opened.ok_or(SignInWithPasskeyError::InvalidCredentials)
    }

    async fn refuse_passkey(
        &self,
        user: Option<UserId>,
        origin: &RequestMetadata,
    ) -> Result<SignedIn, SignInWithPasskeyError> {
        self.note(&Event::by_anonymous(origin, SessionEvent::SignInRefused { user }, &self.ports.system)).await?;
        Err(SignInWithPasskeyError::InvalidCredentials)
    }
}
