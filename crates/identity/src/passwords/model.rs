//! Passwords, their hashes, and password resets.

mod password;
mod password_reset;

pub use password::{HashCost, Password, PasswordAttempt, PasswordError, PasswordHash};
pub use password_reset::{PasswordReset, ResetRequest, ResetToken};
