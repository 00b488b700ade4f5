//! Tests of the outbox, on fakes. One binary, because each further one costs a link.

mod dispatcher;
mod mail;
mod notices;
