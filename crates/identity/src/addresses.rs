//! Email addresses: verification, change of address, and registrations that wait for it.

pub(crate) mod change_email;
pub(crate) mod confirm_change;
pub(crate) mod confirm_email;
mod decline_change;
pub(crate) mod events;
pub(crate) mod finish_registration;
pub(crate) mod limits;
pub(crate) mod mails;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod request_registration;
pub(crate) mod resend;
pub(crate) mod view_email;
