//! Entities and value objects of the identity domain.

mod avatar_url;
mod challenge;
mod custom_data;
mod device;
mod nonce;
mod password;
mod password_reset;
mod session;
mod site;
mod siwe;
mod siws;
mod user;
mod wallet;

pub use avatar_url::{AvatarUrl, AvatarUrlError};
pub use challenge::{Challenge, Purpose};
pub use custom_data::CustomData;
pub use device::Device;
pub use nonce::{Nonce, NonceError};
pub use password::{HashCost, Password, PasswordAttempt, PasswordError, PasswordHash};
pub use password_reset::{PasswordReset, ResetRequest, ResetToken};
pub use session::{KnownSession, Session, SessionState};
pub use site::Site;
pub use siwe::{SiweError, SiweMessage};
pub use user::{Credentials, DisplayName, PersonName, User};
pub use wallet::Wallet;
