//! Applications that users sign in to.

pub(crate) mod model;
pub(crate) mod ports;
