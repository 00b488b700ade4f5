//! Background jobs.

mod dispatcher;
pub(crate) mod periodic;
mod repeat;
pub(crate) mod worker;
