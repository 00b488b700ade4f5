//! Sign-ins to applications, from the first page to the verified signature.

pub(crate) mod begin;
pub(crate) mod challenge;
pub(crate) mod complete;
mod events;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod verify;
pub(crate) mod view;
