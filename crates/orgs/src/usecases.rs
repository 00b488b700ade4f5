//! Use cases, one file each.

pub(crate) mod accept_invitation;
pub(crate) mod acceptance_error;
pub(crate) mod add_member;
mod caller;
pub(crate) mod change_role;
mod check_quotas;
mod claim_invitation;
pub(crate) mod create_organization;
mod delete_departures;
mod delete_invitations;
mod end_invitations;
pub(crate) mod invite;
pub(crate) mod join_by_invitation;
pub(crate) mod list_invitations;
mod lock_invitation;
pub(crate) mod remove_member;
pub(crate) mod resend_invitation;
pub(crate) mod update_settings;
pub(crate) mod view;
mod view_invitation;
pub(crate) mod view_settings;
pub(crate) mod view_system_data;
pub(crate) mod withdraw_invitation;
pub(crate) mod write_system_data;
