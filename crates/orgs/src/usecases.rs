//! One verb, one file.

pub(crate) mod add_member;
pub(crate) mod change_role;
pub(crate) mod create_organization;
pub(crate) mod remove_member;
pub(crate) mod update_settings;
pub(crate) mod view;
pub(crate) mod view_settings;
pub(crate) mod view_system_data;
pub(crate) mod write_system_data;
