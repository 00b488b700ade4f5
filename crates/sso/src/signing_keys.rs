//! Keys that sign service tokens.

mod events;
pub(crate) mod maintain;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod view;
