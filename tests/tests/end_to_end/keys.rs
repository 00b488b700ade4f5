//! API keys and service accounts.

mod api_keys;
mod leaks;
mod limits;
mod management;
mod organization_keys;
mod revocation;
mod rotation;
mod service_accounts;
mod verification;
