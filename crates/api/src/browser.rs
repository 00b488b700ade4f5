//! What a browser says of itself: the cookie that binds a sign-in to it, where a request comes from, what it can show;
//! and how it is sent on.

use actix_web::http::header::{ACCEPT, COOKIE, HeaderMap, HeaderName, ORIGIN};
use tessera_identity::{
    BegunSso,
    model::{SsoSecret, SsoSessionId},
};

use crate::{
    problem::{Code, Problem},
    services::PublicUrl,
};

const FOR_THE_PAGE: &str = "this operation is for the sign-in page of this service";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The cookie of one sign-in. Each has its own, so that two tabs do not take each other's away. Browsers take the prefix
/// over TLS only, where it keeps other hosts of the domain from setting the cookie (RFC 6265bis section 4.1.3).
fn cookie_name(url: &PublicUrl, id: SsoSessionId) -> String {
    let prefix = if url.is_https() { "__Host-" } else { "" };
    format!("{prefix}tessera-sso-{id}")
}

/// `Set-Cookie` for a sign-in that has just begun.
pub(crate) fn set_cookie(url: &PublicUrl, begun: &BegunSso) -> String {
    let BegunSso { session, browser } = begun;
    let seconds = (session.expires_at - session.created_at).whole_seconds();
    let secure = if url.is_https() { "; Secure" } else { "" };
    let name = cookie_name(url, session.id);
    // Lax: the browser comes from the application's site, and the page must know it all the same.
    format!("{name}={}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", browser.expose())
}

/// What binds the browser to that sign-in, if it has anything. Two values leave open which is meant.
pub(crate) fn secret(url: &PublicUrl, headers: &HeaderMap, id: SsoSessionId) -> Option<SsoSecret> {
    let name = cookie_name(url, id);
    let cookies = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut values = cookies.filter_map(|cookie| cookie.trim().split_once('=')).filter(|(known, _)| *known == name);
    let (_, value) = values.next()?;
    if values.next().is_some() { None } else { value.parse().ok() }
}

/// Refuses what another site made a browser send. Who is no browser says nothing of this, and has no cookies to lose.
pub(crate) fn same_origin(url: &PublicUrl, headers: &HeaderMap) -> Result<(), Problem> {
    let good = |name: &HeaderName, wanted: &str| headers.get_all(name).all(|value| value == wanted);
    let same = good(&SEC_FETCH_SITE, "same-origin") && good(&ORIGIN, url.origin());
    if same { Ok(()) } else { Err(Problem::new(Code::CrossSite).detail(FOR_THE_PAGE)) }
}

/// Whether there is a person in front who wants to read a page.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}

/// An address with these parameters behind those that it has. Registered addresses have no fragment.
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

/// RFC 3986: everything but what is never reserved.
fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
