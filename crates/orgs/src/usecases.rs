//! One verb, one file.

pub(crate) mod accept_invitation;
pub(crate) mod add_member;
pub(crate) mod change_role;
pub(crate) mod create_organization;
pub(crate) mod invite;
pub(crate) mod list_invitations;
pub(crate) mod remove_member;
pub(crate) mod resend_invitation;
pub(crate) mod view;
pub(crate) mod withdraw_invitation;
