//! Entities and value objects.

mod custom_data;
mod password;
mod session;
mod user;

pub use custom_data::CustomData;
pub use password::{Password, PasswordAttempt, PasswordError, PasswordHash};
pub use session::{Session, SessionState};
pub use user::{Credentials, DisplayName, PersonName, User};
