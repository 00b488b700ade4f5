//! Accounts: registration, passwords, sessions and notices.

pub(crate) mod enumeration;
mod factors;
mod fair_queue;
pub(crate) mod forge;
mod forgot_page;
mod limits;
mod notices;
mod password_changes;
pub(crate) mod password_resets;
mod passwords;
mod profile;
mod refresh;
mod registration;
mod reset_links;
pub(crate) mod reset_page;
mod sessions;
mod tokens;
