//! Settings of organizations.

mod events;
pub(crate) mod model;
pub(crate) mod update_settings;
pub(crate) mod view_settings;
