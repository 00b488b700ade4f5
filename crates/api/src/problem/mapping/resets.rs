//! The mapping of password reset errors.

use tessera_identity::ResetPasswordError;

use crate::problem::{Problem, code::Code};

impl From<ResetPasswordError> for Problem {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::Invalid => Code::InvalidResetToken.into(),
            ResetPasswordError::NewPassword(error) => error.into(),
            ResetPasswordError::Hash(error) => error.into(),
            ResetPasswordError::Store(error) => error.into(),
        }
    }
}
