//! Version 1 of the API: one file for each resource.

pub(crate) mod api_keys;
pub(crate) mod apps;
pub(crate) mod auth;
pub(crate) mod custom_data;
mod documents;
pub(crate) mod enums;
pub(crate) mod factors;
pub(crate) mod invitations;
pub(crate) mod items;
pub(crate) mod members;
pub(crate) mod mfa;
pub(crate) mod network_limit;
pub(crate) mod orgs;
pub(crate) mod own_invitations;
pub(crate) mod passwords;
pub(crate) mod permissions;
pub(crate) mod session_tokens;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod sso;
pub(crate) mod system_data;
pub(crate) mod timestamp;
pub(crate) mod tokens;
pub(crate) mod users;
mod values;
pub(crate) mod wallets;
