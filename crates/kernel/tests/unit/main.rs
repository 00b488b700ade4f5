//! Tests of the shared types. One binary, because each further one costs a link.

mod access;
mod cidr;
mod document;
mod email;
mod event;
mod id;
mod limits;
mod text;
mod values;
mod wallet;
