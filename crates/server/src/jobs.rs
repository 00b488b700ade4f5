//! Background jobs.

pub(crate) mod mail_dispatcher;
pub(crate) mod periodic;
mod repeat;
pub(crate) mod worker;
