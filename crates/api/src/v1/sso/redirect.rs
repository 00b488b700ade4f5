//! The redirect back to the application.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Appends parameters to the query of a URI. Registered redirect URIs have no fragment.
pub(crate) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let encode = |text| utf8_percent_encode(text, RESERVED);
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let query = query.join("&");
    match uri.split_once('?') {
        None => format!("{uri}?{query}"),
        Some((_, there)) if there.is_empty() || there.ends_with('&') => format!("{uri}{query}"),
        Some(_) => format!("{uri}&{query}"),
    }
}
