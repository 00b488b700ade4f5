//! The cookie that binds a web3 sign-in to the browser that began it.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use tessera_identity::{
    BegunSso,
    model::{SsoSecret, SsoSessionId},
};

use crate::{
    problem::{Code, Problem},
    public_url::{API_BASE, PublicUrl},
};

/// How many open sign-ins of a browser keep a cookie. A further one takes the cookie of the oldest.
const MOST_COOKIES: usize = 5;

/// What the names of these cookies begin with. Browsers accept the prefix over TLS only, and then keep pages without TLS
/// from setting the cookie (RFC 6265bis section 4.1.3). The stronger `__Host-` would require `Path=/`.
fn cookie_prefix(url: &PublicUrl) -> &'static str {
    if url.is_https() { "__Secure-tessera-sso-" } else { "tessera-sso-" }
}

/// The cookie of one sign-in. Each has its own, so that two tabs do not take each other's away.
fn cookie_name(url: &PublicUrl, id: SsoSessionId) -> String {
    format!("{}{id}", cookie_prefix(url))
}

/// Where the cookies are sent: to the sign-in page and to the calls that it makes, and nowhere else.
fn cookie_path(url: &PublicUrl) -> String {
    format!("{}{API_BASE}/sso/web3", url.path())
}

fn cookie(url: &PublicUrl, id: SsoSessionId, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let secure = if url.is_https() { "; Secure" } else { "" };
    let (name, path) = (cookie_name(url, id), cookie_path(url));
    // Lax: the browser comes from the application's site, and the page must know it all the same.
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).map_err(|fault| Problem::new(Code::Internal).caused_by(fault))
}

/// `Set-Cookie` for a sign-in that has just begun.
pub(crate) fn set_cookie(url: &PublicUrl, begun: &BegunSso) -> Result<HeaderValue, Problem> {
    let BegunSso { session, browser } = begun;
    let seconds = (session.expires_at - session.created_at).whole_seconds();
    cookie(url, session.id, browser.expose(), seconds)
}

/// `Set-Cookie` for a sign-in that has ended: the browser forgets its cookie.
pub(crate) fn removed_cookie(url: &PublicUrl, id: SsoSessionId) -> Result<HeaderValue, Problem> {
    cookie(url, id, "", 0)
}

/// The sign-ins whose cookies must go so that a new one fits in. Browsers send the oldest cookie of a path first (RFC 6265
/// section 5.4).
pub(crate) fn surplus(url: &PublicUrl, headers: &HeaderMap) -> Vec<SsoSessionId> {
    let names = cookies(headers).map(|(name, _)| name);
    let ids: Vec<SsoSessionId> = names.filter_map(|name| name.strip_prefix(cookie_prefix(url))?.parse().ok()).collect();
    let surplus = (ids.len() + 1).saturating_sub(MOST_COOKIES);
    ids.into_iter().take(surplus).collect()
}

/// Names and values of the cookies that a browser sent.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='))
}

/// What binds the browser to that sign-in, if it has anything. Two values leave open which is meant.
pub(crate) fn secret(url: &PublicUrl, headers: &HeaderMap, id: SsoSessionId) -> Option<SsoSecret> {
    let name = cookie_name(url, id);
    let mut values = cookies(headers).filter(|(known, _)| *known == name);
    let (_, value) = values.next()?;
    if values.next().is_some() { None } else { value.parse().ok() }
}
