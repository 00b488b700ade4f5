//! The B3OS API: keys and service accounts of an organization.
//!
//! It has its own form of bodies, see `envelope`: camelCase, and one envelope for successes and errors.

pub(crate) mod api_keys;
pub(crate) mod envelope;
pub(crate) mod key_fields;
mod key_view;
pub(crate) mod parameters;
pub(crate) mod service_accounts;
mod values;

/// The base path of all operations of the B3OS API.
pub(crate) const BASE: &str = "/v1";

/// Returns whether a path belongs to the B3OS API. The path does not include the path of the public URL.
pub(crate) fn has(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
