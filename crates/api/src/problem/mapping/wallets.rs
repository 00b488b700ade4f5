//! Problems of wallets, chains and signatures.

use tessera_identity::{model::RegistrationClosed, ports::VerifyError};
use tessera_kernel::{UnsupportedChain, WalletSignatureError};
use tessera_sso::ports::AuthenticateWalletError;

use super::fault;
use crate::problem::{Code, FieldErrorCode, Problem, ToFieldError};

/// `Retry-After` in seconds if a chain did not respond.
const CHAIN_RETRY_SECONDS: u64 = 5;

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match &error {
            VerifyError::RateLimited(limited) => return (*limited).into(),
            VerifyError::Busy { retry_after } => Self::new(Code::Busy).retry_after(retry_after.as_secs() + 1),
            VerifyError::Unavailable(_) => Self::new(Code::Unavailable).retry_after(CHAIN_RETRY_SECONDS),
            VerifyError::Failed(_) => Self::new(Code::Internal),
        }
        .caused_by(error)
    }
}

impl From<AuthenticateWalletError> for Problem {
    fn from(error: AuthenticateWalletError) -> Self {
        match error {
            AuthenticateWalletError::Busy { retry_after } => VerifyError::Busy { retry_after }.into(),
            AuthenticateWalletError::RateLimited(limited) => limited.into(),
            AuthenticateWalletError::Unavailable(error) => VerifyError::Unavailable(error).into(),
            AuthenticateWalletError::Failed(why) => VerifyError::Failed(why).into(),
            AuthenticateWalletError::MfaRequired(required) => required.into(),
            AuthenticateWalletError::RegistrationClosed => RegistrationClosed.into(),
            AuthenticateWalletError::Store(error) => error.into(),
        }
    }
}

impl From<UnsupportedChain> for Problem {
    fn from(error: UnsupportedChain) -> Self {
        fault("/chain_type", FieldErrorCode::UnknownValue, error.to_string())
    }
}

impl Problem {
    /// An unsupported chain in a field that takes an EIP-155 chain id.
    pub(crate) fn unsupported_chain_id(error: &UnsupportedChain) -> Self {
        let ids = error.accepted.iter().filter_map(|chain| Some(chain.id()?.to_string()));
        let detail = format!("must be one of {}", ids.collect::<Vec<_>>().join(", "));
        fault("/chain_id", FieldErrorCode::UnknownValue, detail)
    }
}

impl From<WalletSignatureError> for Problem {
    fn from(error: WalletSignatureError) -> Self {
        fault("/signature", error.code(), error.to_string())
    }
}
