//! The only path from the text of a key to its rights, for requests to this service and for other services.

pub(crate) mod authenticate;
pub(crate) mod charge;
pub(crate) mod check;
pub(crate) mod code;
pub(crate) mod explain;
mod record_usage;
pub(crate) mod shares;
pub(crate) mod usage;
pub(crate) mod verify;
