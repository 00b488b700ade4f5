//! System data: data that an organization and its applications store about a user.

mod events;
pub(crate) mod model;
pub(crate) mod view_system_data;
pub(crate) mod write_system_data;
