//! Connections between domains: a port of one domain, implemented with the use cases of another one.

pub(crate) mod identity_wallets;
