//! Wallets: sign-in, links and signatures.

mod links;
pub(crate) mod sign_in;
mod signatures;
mod spent;
