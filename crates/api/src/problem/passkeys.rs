//! Problems of passkeys.

use tessera_identity::{
    AddPasskeyError, ReauthenticateWithPasskeyError, RemovePasskeyError, SignInWithPasskeyError, StartCeremonyError,
    ports::WebAuthnError,
};

use crate::problem::{
    Problem,
    code::Code,
    field_error::{FieldError, FieldErrorCode},
};

/// Use cases map a credential that is not valid to an error of their own.
impl From<WebAuthnError> for Problem {
    fn from(error: WebAuthnError) -> Self {
        Self::new(Code::Internal).caused_by(error)
    }
}

impl From<StartCeremonyError> for Problem {
    fn from(error: StartCeremonyError) -> Self {
        match error {
            StartCeremonyError::Unavailable => Code::PasskeysUnavailable.into(),
            StartCeremonyError::TooMany => Code::TooManyPasskeys.into(),
            StartCeremonyError::Session(error) => error.into(),
            StartCeremonyError::WebAuthn(error) => error.into(),
            StartCeremonyError::Store(error) => error.into(),
        }
    }
}

impl From<AddPasskeyError> for Problem {
    fn from(error: AddPasskeyError) -> Self {
        match error {
            AddPasskeyError::Invalid => Code::InvalidPasskey.into(),
            AddPasskeyError::Taken => Code::PasskeyTaken.into(),
            AddPasskeyError::TooMany => Code::TooManyPasskeys.into(),
            AddPasskeyError::Session(error) => error.into(),
            AddPasskeyError::WebAuthn(error) => error.into(),
            AddPasskeyError::Store(error) => error.into(),
        }
    }
}

impl From<RemovePasskeyError> for Problem {
    fn from(error: RemovePasskeyError) -> Self {
        match error {
            RemovePasskeyError::NotFound => Code::PasskeyNotFound.into(),
            RemovePasskeyError::LastSignInMethod => Code::LastSignInMethod.into(),
            RemovePasskeyError::Session(error) => error.into(),
            RemovePasskeyError::Store(error) => error.into(),
        }
    }
}

/// The response is the same for every reason. The default text of the code is about passwords.
fn invalid_passkey() -> Problem {
    Problem::new(Code::InvalidCredentials).detail("the passkey is not valid for this sign-in; start again")
}

impl From<SignInWithPasskeyError> for Problem {
    fn from(error: SignInWithPasskeyError) -> Self {
        match error {
            SignInWithPasskeyError::InvalidCredentials => invalid_passkey(),
            SignInWithPasskeyError::WebAuthn(error) => error.into(),
            SignInWithPasskeyError::Token(error) => error.into(),
            SignInWithPasskeyError::Store(error) => error.into(),
        }
    }
}

impl From<ReauthenticateWithPasskeyError> for Problem {
    fn from(error: ReauthenticateWithPasskeyError) -> Self {
        match error {
            ReauthenticateWithPasskeyError::InvalidCredentials => invalid_passkey(),
            ReauthenticateWithPasskeyError::Session(error) => error.into(),
            ReauthenticateWithPasskeyError::WebAuthn(error) => error.into(),
            ReauthenticateWithPasskeyError::Reauthenticate(error) => error.into(),
            ReauthenticateWithPasskeyError::Store(error) => error.into(),
        }
    }
}

impl Problem {
    /// A reauthentication without a password and without a complete passkey.
    pub(crate) fn no_proof() -> Self {
        let detail = "is required, or ceremony_id and credential of a passkey";
        let missing = FieldError::new("/password".to_owned(), FieldErrorCode::Required, detail);
        Self::new(Code::InvalidBody).faults(vec![missing])
    }

    /// A reauthentication with a password and a passkey.
    pub(crate) fn two_proofs() -> Self {
        let detail = "must be absent with ceremony_id and credential";
        let conflicting = FieldError::new("/password".to_owned(), FieldErrorCode::Conflicting, detail);
        Self::new(Code::InvalidBody).faults(vec![conflicting])
    }
}
