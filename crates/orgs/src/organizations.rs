//! Organizations and their slugs.

pub(crate) mod create_organization;
mod events;
pub(crate) mod model;
pub(crate) mod ports;
mod view_organization;
