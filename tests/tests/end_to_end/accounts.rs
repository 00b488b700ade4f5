//! Accounts: registration, passwords, sessions and notices.

mod device_tokens;
mod email_changes;
mod email_page;
pub(crate) mod email_verification;
pub(crate) mod enumeration;
mod factors;
mod fair_queue;
pub(crate) mod forge;
mod forgot_page;
mod limit_quotas;
mod limits;
mod notices;
mod passkey_factor;
mod passkeys;
mod password_changes;
pub(crate) mod password_resets;
mod passwords;
mod profile;
mod refresh;
mod registration;
mod registration_modes;
mod reset_links;
pub(crate) mod reset_page;
mod secrets;
mod sessions;
mod timing;
mod tokens;
