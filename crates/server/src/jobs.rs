//! Background jobs.

pub(crate) mod backups;
mod dispatcher;
pub(crate) mod periodic;
mod repeat;
pub(crate) mod worker;
