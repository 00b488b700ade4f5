//! One verb, one file.

pub(crate) mod authenticate;
pub(crate) mod challenge_wallet;
pub(crate) mod change_password;
pub(crate) mod continue_session;
pub(crate) mod exchange_token;
pub(crate) mod link_wallet;
pub(crate) mod look_after_keys;
pub(crate) mod redeem_challenge;
pub(crate) mod register;
pub(crate) mod sign_in;
pub(crate) mod sign_in_with_wallet;
pub(crate) mod sign_out;
pub(crate) mod sso_begin;
pub(crate) mod sso_challenge;
pub(crate) mod sso_forget;
pub(crate) mod sso_redeem;
pub(crate) mod sso_token;
pub(crate) mod sso_verify;
pub(crate) mod sso_view;
pub(crate) mod unlink_wallet;
pub(crate) mod update_profile;
pub(crate) mod view_custom_data;
pub(crate) mod view_keys;
pub(crate) mod view_profile;
pub(crate) mod welcome;
pub(crate) mod write_custom_data;
