//! Entities and value objects of the identity domain.

mod audience;
mod avatar_url;
mod challenge;
mod custom_data;
mod device;
mod key_ring;
mod nonce;
mod password;
mod password_reset;
mod session;
mod signing_key;
mod site;
mod siwe;
mod siws;
mod sso;
mod user;
mod wallet;

pub use audience::{Audience, AudienceError};
pub use avatar_url::{AvatarUrl, AvatarUrlError};
pub use challenge::{Challenge, Purpose};
pub use custom_data::CustomData;
pub use device::Device;
pub use key_ring::{
    JWKS_MAX_AGE, KeyRing, MAX_SNAPSHOT_AGE, PUBLISH_BEFORE_USE, Plan, RotationTrigger, TOKEN_LIFETIME,
};
pub use nonce::{Nonce, NonceError};
pub use password::{HashCost, Password, PasswordAttempt, PasswordError, PasswordHash};
pub use password_reset::{PasswordReset, ResetRequest, ResetToken};
pub use session::{KnownSession, Session, SessionState};
pub use signing_key::{KeyId, KeyIdError, NewKey, PublicKey, Retirement, SigningKey};
pub use site::Site;
pub use siwe::{SiweError, SiweMessage};
pub use sso::{
    AuthorizationCode, AuthorizationState, CodeChallenge, CodeChallengeError, CodeVerifier, CodeVerifierError,
    OneTimeSecret, OpaqueState, OpaqueStateError, RelyingParty, SsoChallenge, SsoCodeState, SsoRequest, SsoSecretError,
    SsoSession, SsoSessionId, SsoSessionIdError,
};
pub use user::{Credentials, DisplayName, PersonName, User};
pub use wallet::Wallet;
