//! Service tokens, and their issue in exchange for a user token.

mod events;
pub(crate) mod exchange;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod service;
