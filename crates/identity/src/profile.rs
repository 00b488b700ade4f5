//! Profiles and custom data of users.

mod events;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod update_profile;
pub(crate) mod view_custom_data;
pub(crate) mod view_profile;
pub(crate) mod write_custom_data;
