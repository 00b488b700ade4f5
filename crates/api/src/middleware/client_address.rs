//! The address of the client: the peer of the connection, or the client that trusted proxies report.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{HeaderMap, HeaderValue, X_FORWARDED_FOR};
use tessera_kernel::Cidr;

use crate::problem::{Code, Problem};

/// The maximum number of entries of `X-Forwarded-For` that are read. Requests pass few proxies; the bound limits the work
/// for a header that a client has filled with addresses of trusted proxies.
const MAX_ENTRIES: usize = 100;

/// Returns the address of the client, as IPv4 if it is an IPv4-mapped IPv6 address. `None` if the transport knows no peer.
///
/// Each proxy adds the address of its own peer at the end of `X-Forwarded-For`. So the entries are read from the end, up
/// to the first one that is not a trusted proxy. The client may have sent the entries before that one, and they are not
/// read. If all are trusted, the first entry is the client.
pub(crate) fn resolve(
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
    trusted: &[Cidr],
) -> Result<Option<IpAddr>, Problem> {
    let Some(peer) = peer else { return Ok(None) };
    let is_trusted = |address| is_listed(address, trusted);
    let mut client = peer.ip().to_canonical();
    if !is_trusted(client) {
        return Ok(Some(client));
    }
    // Several lines are one list, in their order (RFC 9110 section 5.3).
    let lines: Vec<&HeaderValue> = headers.get_all(X_FORWARDED_FOR).collect();
    // The entries are bytes, because a client may have sent other bytes than text before its own address.
    let entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for (place, entry) in (1..).zip(entries) {
        if place > MAX_ENTRIES {
            return Err(invalid(format!("X-Forwarded-For has more than {MAX_ENTRIES} entries of trusted proxies")));
        }
        client = parse_entry(entry).ok_or_else(|| {
            let accepted = "an IP address, with or without a port";
            invalid(format!("entry {place} of X-Forwarded-For, counted from the end, is not {accepted}"))
        })?;
        if !is_trusted(client) {
            break;
        }
    }
    Ok(Some(client))
}

/// Whether the peer of the connection is a trusted proxy.
pub(crate) fn is_trusted_proxy(peer: Option<SocketAddr>, trusted: &[Cidr]) -> bool {
    peer.is_some_and(|peer| is_listed(peer.ip().to_canonical(), trusted))
}

fn is_listed(address: IpAddr, trusted: &[Cidr]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidForwardedFor).detail(detail)
}

/// Parses an address, or an address and a port, which some proxies add: `192.0.2.1:1234`, `[2001:db8::1]:443`.
fn parse_entry(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let address = text.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}
