//! Signing in to an application by wallet: from the browser's first step to the code that the application redeems.

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
