//! Passwords: checking, changing and resetting them.

pub(crate) mod change_password;
pub(crate) mod check_new_password;
pub(crate) mod check_password;
mod events;
pub(crate) mod model;
pub(crate) mod ports;
mod process_reset_requests;
mod record_wrong_password;
pub(crate) mod request_password_reset;
pub(crate) mod reset_password;
