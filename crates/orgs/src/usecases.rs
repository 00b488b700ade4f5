//! One verb, one file.

pub(crate) mod add_member;
pub(crate) mod change_role;
pub(crate) mod create_organization;
pub(crate) mod remove_member;
pub(crate) mod view;
