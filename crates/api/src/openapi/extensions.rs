//! What the document says of an operation in extensions.

use utoipa::openapi::path::Operation;

/// The extension that marks a GET as unsafe with `false` (RFC 9110 section 9.2.1). The default is `true`.
const SAFE: &str = "x-safe";

/// The extension that takes an operation out of the limit `requests` with `false`. The default is `true`.
const COUNTS: &str = "x-counts-as-request";

/// Returns whether a GET is safe.
pub(crate) fn is_safe(operation: &Operation) -> bool {
    is_not_denied(operation, SAFE)
}

/// Returns whether the requests of an operation count in the limit `requests`.
pub(crate) fn counts(operation: &Operation) -> bool {
    is_not_denied(operation, COUNTS)
}

fn is_not_denied(operation: &Operation, extension: &str) -> bool {
    let said = operation.extensions.as_ref().and_then(|extensions| extensions.get(extension));
    said.is_none_or(|said| said != false)
}
