//! API keys and service accounts.

mod api_keys;
mod organization_keys;
mod revocation;
mod service_accounts;
