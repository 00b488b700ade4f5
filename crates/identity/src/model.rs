//! Entities and value objects.

mod password;
mod session;
mod user;

pub use password::{Password, PasswordAttempt, PasswordError, PasswordHash};
pub use session::{Session, SessionState};
pub use user::{Credentials, DisplayName, PersonName, User};
