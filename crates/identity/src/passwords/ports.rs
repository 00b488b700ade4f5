//! Ports of passwords.

mod password_hasher;
mod password_resets;
mod password_strength;
mod wrong_passwords;

pub use password_hasher::{Comparison, HashError, PasswordHasher, Verdict};
pub use password_resets::{PasswordResetRows, PasswordResets};
pub use password_strength::{PasswordStrength, WeakPassword};
pub use wrong_passwords::WrongPasswords;
