//! Service accounts: parties of an organization that are not users and act by their keys.

pub(crate) mod create;
mod disable;
mod events;
mod list;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod update;
pub(crate) mod view;
