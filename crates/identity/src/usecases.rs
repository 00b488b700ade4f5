//! One verb, one file.

pub(crate) mod authenticate;
pub(crate) mod change_password;
pub(crate) mod continue_session;
pub(crate) mod exchange_token;
pub(crate) mod look_after_keys;
pub(crate) mod register;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod update_profile;
pub(crate) mod view_custom_data;
pub(crate) mod view_keys;
pub(crate) mod view_profile;
pub(crate) mod welcome;
pub(crate) mod write_custom_data;
