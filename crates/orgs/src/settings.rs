//! Settings of organizations.

mod events;
pub(crate) mod update_settings;
mod view_settings;
