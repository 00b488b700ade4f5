//! API keys and service accounts.

mod api_keys;
mod leaks;
mod organization_keys;
mod revocation;
mod service_accounts;
