//! Use cases, one per file.

pub(crate) mod authenticate;
pub(crate) mod generate;
pub(crate) mod list;
pub(crate) mod record_usage;
pub(crate) mod revoke;
pub(crate) mod verify;
