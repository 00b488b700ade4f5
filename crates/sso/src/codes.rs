//! Authorization codes, and their redemption for a token.

pub(crate) mod events;
pub(crate) mod issue_token;
pub(crate) mod model;
pub(crate) mod ports;
pub(crate) mod redeem;
