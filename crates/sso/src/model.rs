//! Single sign-on to applications with a wallet, from the authorization request to the authorization code.

mod code;
mod pkce;
mod secret;
mod session;

pub use code::{AuthorizationCode, SsoCodeState};
pub use pkce::{CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError};
pub use secret::{OneTimeSecret, SsoSecretError};
pub use session::{
    AuthorizationState, OpaqueState, OpaqueStateError, RelyingParty, SsoChallenge, SsoRequest, SsoSession,
    SsoSessionId, SsoSessionIdError,
};
