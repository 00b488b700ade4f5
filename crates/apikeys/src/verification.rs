//! The only path from the text of a key to its rights, for requests to this service and for other services.

pub(crate) mod authenticate;
pub(crate) mod check;
mod record_usage;
pub(crate) mod usage;
pub(crate) mod verify;
