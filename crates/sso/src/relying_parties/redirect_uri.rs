//! Comparison of redirect URIs, and the part of them that is shown to users.

/// Returns whether a sign-in may use the requested URI because this one is registered. The comparison is exact, but a
/// registered loopback URI permits any port, because an application on the device of the user takes a free port when it
/// starts (RFC 8252 section 7.3).
pub(super) fn permits(registered: &str, requested: &str) -> bool {
    registered == requested || loopback(registered).is_some_and(|parts| Some(parts) == loopback(requested))
}

/// Splits an `http` URI with a loopback host into the host and what follows the port. `None` for other URIs.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => authority,
    };
    let local =
        host == "localhost" || host == "[::1]" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
    local.then_some((host, path))
}

/// Returns whether the text is a port in its only spelling.
fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0 && port.to_string() == text)
}

/// The part of a redirect URI by which a user recognizes the destination: host and port, or the private-use scheme.
#[must_use]
pub fn destination(redirect_uri: &str) -> &str {
    // Only directly after the scheme: a path or a query may contain the address of another host.
    let (scheme, rest) = redirect_uri.split_once(':').unwrap_or(("", redirect_uri));
    match rest.strip_prefix("//") {
        Some(rest) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => scheme,
    }
}
