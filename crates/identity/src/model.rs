//! Entities and value objects.

mod chain;
mod challenge;
mod nonce;
mod password;
mod session;
mod signature;
mod siwe;
mod siws;
mod sso;
mod user;
mod wallet;

pub use chain::{Chain, ChainError, Namespace};
pub use challenge::{Challenge, Purpose, Site};
pub use nonce::{Nonce, NonceError};
pub use password::{Password, PasswordAttempt, PasswordError, PasswordHash};
pub use session::{Session, SessionState};
pub use signature::{WalletSignature, WalletSignatureError};
pub use siwe::{SiweError, SiweMessage};
pub use sso::{
    CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError, Echo, EchoError, RelyingParty, SecretHash,
    SsoChallenge, SsoCode, SsoCodeState, SsoRequest, SsoSecret, SsoSecretError, SsoSession, SsoSessionId,
    SsoSessionIdError, SsoStep,
};
pub use user::{Credentials, DisplayName, PersonName, User};
pub use wallet::{Wallet, WalletAccount, WalletAddress, WalletAddressError};
