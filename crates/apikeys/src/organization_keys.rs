//! API keys of organizations (`osk_…`), which act as a user or as a service account.

pub(crate) mod create;
mod list;
mod revoke;
mod view;
