//! Entities and value objects.

mod audience;
mod avatar_url;
mod custom_data;
mod key_ring;
mod password;
mod session;
mod signing_key;
mod user;

pub use audience::{Audience, AudienceError};
pub use avatar_url::{AvatarUrl, AvatarUrlError};
pub use custom_data::CustomData;
pub use key_ring::{KeyRing, LEAD, Occasion, PUBLISHED_FOR, Plan, STALE, TOKEN_LIFE};
pub use password::{Password, PasswordAttempt, PasswordError, PasswordHash};
pub use session::{Session, SessionState};
pub use signing_key::{KeyId, KeyIdError, NewKey, PublicKey, Retirement, SigningKey};
pub use user::{Credentials, DisplayName, PersonName, User};
