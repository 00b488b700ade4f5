//! Single sign-on to applications with a wallet, from the authorization request to the authorization code.

mod code;
mod pkce;
mod secret;
mod session;

pub use code::{SsoCode, SsoCodeState};
pub use pkce::{CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError};
pub use secret::{SsoSecret, SsoSecretError};
pub use session::{
    Echo, EchoError, RelyingParty, SsoChallenge, SsoRequest, SsoSession, SsoSessionId, SsoSessionIdError, SsoStep,
};
