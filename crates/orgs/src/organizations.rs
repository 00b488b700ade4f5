//! Organizations and their slugs.

pub(crate) mod create_organization;
pub(crate) mod model;
pub(crate) mod ports;
