//! Background jobs.

pub(crate) mod backups;
mod dispatcher;
pub(crate) mod periodic;
pub(crate) mod repeat;
pub(crate) mod worker;
