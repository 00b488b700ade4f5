//! Invitations by mail.

pub(crate) mod accept_invitation;
mod end_invitations;
mod events;
pub(crate) mod invite;
pub(crate) mod join_by_invitation;
pub(crate) mod limits;
mod list_invitations;
pub(crate) mod model;
pub(crate) mod own_invitations;
pub(crate) mod ports;
pub(crate) mod resend_invitation;
mod send_invitation;
mod view_invitation;
pub(crate) mod withdraw_invitation;
