//! One verb, one file.

pub(crate) mod authenticate;
pub(crate) mod register;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod sso_begin;
pub(crate) mod sso_view;
pub(crate) mod view_profile;
