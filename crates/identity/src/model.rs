//! Entities and value objects.

mod avatar_url;
mod custom_data;
mod password;
mod session;
mod user;

pub use avatar_url::{AvatarUrl, AvatarUrlError};
pub use custom_data::CustomData;
pub use password::{Password, PasswordAttempt, PasswordError, PasswordHash};
pub use session::{Session, SessionState};
pub use user::{Credentials, DisplayName, PersonName, User};
