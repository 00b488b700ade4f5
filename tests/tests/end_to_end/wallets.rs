//! Wallets: sign-in, links and signatures.

mod consumed;
mod links;
pub(crate) mod sign_in;
mod signatures;
