//! One verb, one file.

pub(crate) mod authenticate;
pub(crate) mod exchange_token;
pub(crate) mod look_after_keys;
pub(crate) mod register;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod view_keys;
pub(crate) mod view_profile;
