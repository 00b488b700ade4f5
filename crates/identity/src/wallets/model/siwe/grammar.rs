//! Grammar rules of RFC 3986 and RFC 3339 that messages use.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

fn is_sub_delimiter(b: u8) -> bool {
    b"!$&'()*+,;=".contains(&b)
}

/// Returns whether every `%` is followed by two hexadecimal digits and every other character is allowed.
fn is_made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let good = match byte {
            b'%' => [bytes.next(), bytes.next()].iter().all(|digit| digit.is_some_and(|d| d.is_ascii_hexdigit())),
            other => allowed(other),
        };
        if !good {
            return false;
        }
    }
    true
}

/// Matches `*pchar`: a path segment or a request id.
pub(super) fn is_pchars(text: &str) -> bool {
    is_made_of(text, |b| is_unreserved(b) || is_sub_delimiter(b) || b":@".contains(&b))
}

/// Matches `reserved / unreserved / " "`. A percent sign is not allowed.
pub(super) fn is_statement(text: &str) -> bool {
    text.bytes().all(|b| is_unreserved(b) || is_sub_delimiter(b) || b":/?#[]@ ".contains(&b))
}

pub(super) fn is_scheme(text: &str) -> bool {
    let rest = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic()) && text.bytes().all(rest)
}

/// Matches `[ userinfo "@" ] host [ ":" port ]` with a non-empty host.
pub(super) fn is_authority(text: &str) -> bool {
    let (userinfo, host_and_port) = text.rsplit_once('@').unwrap_or(("", text));
    let userinfo = is_made_of(userinfo, |b| is_unreserved(b) || is_sub_delimiter(b) || b == b':');
    let (host, port) = match host_and_port.rfind(']') {
        Some(end) => host_and_port.split_at(end + 1),
        None => host_and_port.split_at(host_and_port.rfind(':').unwrap_or(host_and_port.len())),
    };
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    userinfo && is_host(host) && (port.is_empty() || port.strip_prefix(':').is_some_and(digits))
}

/// Matches a non-empty name or an address in brackets.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(literal) => literal.strip_suffix(']').is_some_and(is_ip_literal),
        None => !text.is_empty() && is_made_of(text, |b| is_unreserved(b) || is_sub_delimiter(b)),
    }
}

/// Matches an IPv6 address. Future IP versions are not supported.
fn is_ip_literal(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Matches `scheme ":" hier-part [ "?" query ] [ "#" fragment ]`.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else { return false };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let tail = |text: &str| is_made_of(text, |b| is_unreserved(b) || is_sub_delimiter(b) || b":@/?".contains(&b));
    let (authority, path) = match hierarchy.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            // A `file` URI may have an empty authority: `file:///etc`.
            (authority.is_empty() || is_authority(authority), path)
        }
        None => (true, hierarchy),
    };
    authority && path.split('/').all(is_pchars) && tail(query) && tail(fragment)
}

/// Parses a number in canonical form: no sign, no leading zero.
pub(super) fn chain_id(text: &str) -> Option<u64> {
    let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    canonical.then(|| text.parse().ok())?
}

/// Matches at least eight letters and digits.
pub(super) fn is_nonce(text: &str) -> bool {
    text.len() >= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

pub(super) fn date_time(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}
