//! One verb, one file.

pub(crate) mod authenticate;
pub(crate) mod challenge_wallet;
pub(crate) mod link_wallet;
pub(crate) mod redeem_challenge;
pub(crate) mod register;
pub(crate) mod sign_in;
pub(crate) mod sign_in_with_wallet;
pub(crate) mod sign_out;
pub(crate) mod sso_begin;
pub(crate) mod sso_view;
pub(crate) mod unlink_wallet;
pub(crate) mod view_profile;
