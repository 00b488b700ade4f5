//! User accounts: registration, accounts of invited users, and verified addresses.

pub(crate) mod events;
mod invited_accounts;
pub(crate) mod model;
mod notices;
pub(crate) mod ports;
pub(crate) mod register;
