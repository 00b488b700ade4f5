//! Wallets: challenges, linking, and signing in.

pub(crate) mod authenticate_wallet;
pub(crate) mod challenge_wallet;
pub(crate) mod events;
pub(crate) mod format_message;
pub(crate) mod issued_challenges;
pub(crate) mod link_wallet;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod redeem_challenge;
pub(crate) mod sign_in_with_wallet;
pub(crate) mod unlink_wallet;
