//! Background jobs.

mod dispatcher;
pub(crate) mod periodic;
pub(crate) mod repeat;
pub(crate) mod worker;
