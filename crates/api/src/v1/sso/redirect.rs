//! The redirect back to the application.

/// Appends parameters to the query of a URI. Registered redirect URIs have no fragment.
pub(crate) fn with_query(uri: &str, parameters: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(encoded).collect::<String>();
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let query = query.join("&");
    match uri.split_once('?') {
        None => format!("{uri}?{query}"),
        Some((_, there)) if there.is_empty() || there.ends_with('&') => format!("{uri}{query}"),
        Some(_) => format!("{uri}&{query}"),
    }
}

/// Percent-encodes every byte except the unreserved characters of RFC 3986.
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
