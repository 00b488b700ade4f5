//! API keys.

mod api_keys;
mod revocation;
