//! HTML pages for users. All their content comes from this process, and nothing is inline.

pub(crate) mod api_docs;
pub(crate) mod assets;
pub(crate) mod dev_mail;
mod fields;
pub(crate) mod forgot;
pub(crate) mod frame;
pub(crate) mod home;
pub(crate) mod invitation;
pub(crate) mod layout;
pub(crate) mod problems;
pub(crate) mod refusal;
mod request;
pub(crate) mod reset;
pub(crate) mod sign_in;
pub(crate) mod verify;
