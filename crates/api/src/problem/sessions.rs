//! Problems of the refresh and the reauthentication of a session.

use tessera_identity::{ReauthenticateError, RefreshError};

use crate::problem::{Code, Problem};

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::InvalidToken => Code::InvalidRefreshToken.into(),
            RefreshError::Token(error) => error.into(),
            RefreshError::Store(error) => error.into(),
        }
    }
}

impl From<ReauthenticateError> for Problem {
    fn from(error: ReauthenticateError) -> Self {
        match error {
            ReauthenticateError::NotAUser => Code::UserTokenRequired.into(),
            ReauthenticateError::SessionEnded => Code::InvalidToken.into(),
            ReauthenticateError::InvalidCredentials => {
                let detail = "the password is wrong, or the account has none; without a password, sign in again";
                Self::new(Code::InvalidCredentials).detail(detail)
            }
            ReauthenticateError::RateLimited(limited) => limited.into(),
            ReauthenticateError::MfaRequired(required) => required.into(),
            ReauthenticateError::Hash(error) => error.into(),
            ReauthenticateError::Store(error) => error.into(),
        }
    }
}
