//! Entities and value objects.

mod password;
mod session;
mod sso;
mod user;

pub use password::{Password, PasswordAttempt, PasswordError, PasswordHash};
pub use session::{Session, SessionState};
pub use sso::{
    CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError, Echo, EchoError, RelyingParty, SecretHash,
    SsoChallenge, SsoCode, SsoCodeState, SsoRequest, SsoSecret, SsoSecretError, SsoSession, SsoSessionId,
    SsoSessionIdError, SsoStep,
};
pub use user::{Credentials, DisplayName, PersonName, User};
