//! Use cases, one per file.

pub(crate) mod authenticate;
pub(crate) mod generate;
mod list;
mod record_usage;
pub(crate) mod revoke;
pub(crate) mod verify;
