//! Members of organizations: adding and removing them, and their roles.

pub(crate) mod add_member;
pub(crate) mod change_role;
mod check_quotas;
pub(crate) mod events;
pub(crate) mod model;
mod notices;
pub(crate) mod ports;
pub(crate) mod remove_member;
pub(crate) mod view_members;
