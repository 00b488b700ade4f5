//! Applications that users sign in to.

pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod redirect_uri;
