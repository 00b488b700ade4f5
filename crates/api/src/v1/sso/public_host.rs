//! The redirect of a sign-in to the host of the public URL.

use actix_web::{HttpRequest, http::header::HOST};

use crate::public_url::{API_BASE, PublicUrl};

/// The parameter of a request that was redirected. A second redirect would be a loop, because a proxy may send its own
/// address of the service in `Host`.
pub(super) const MARK: &str = "redirected";

/// Returns where a sign-in must start, if the request was sent to another host than that of the public URL. The cookie of
/// the sign-in would be set for that host, and the sign-in page at the public URL would not get it.
pub(super) fn redirect(url: &PublicUrl, request: &HttpRequest) -> Option<String> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let query = request.query_string();
    let is_marked = query.split('&').any(|pair| pair.split('=').next() == Some(MARK));
    if is_marked || is_authority(url, host) {
        return None;
    }
    let separator = if query.is_empty() { "" } else { "&" };
    Some(url.join(&format!("{API_BASE}/sso/web3/initiate?{query}{separator}{MARK}=1")))
}

/// Returns whether a `Host` header names the host and port of the public URL.
fn is_authority(url: &PublicUrl, host: &str) -> bool {
    let (scheme, authority) = url.origin().split_once("://").unwrap_or_default();
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(default_port).unwrap_or(host);
    host.eq_ignore_ascii_case(authority.strip_suffix(default_port).unwrap_or(authority))
}
