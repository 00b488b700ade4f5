//! Sign-in to applications, token exchange and signing keys.

mod chains;
pub(crate) mod exchange;
mod flow;
mod pages;
mod signing_keys;
