//! Organizations and their slugs.

pub(crate) mod create_organization;
pub(crate) mod delete_organization;
mod events;
mod list_organizations;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod update_organization;
mod view_organization;
