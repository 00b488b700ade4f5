//! The cookie that binds a web3 sign-in to the browser that started it.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use tessera_sso::{
    BegunSso, ENDED_SIGN_IN_KEPT,
    model::{OneTimeSecret, SsoSessionId},
};

use crate::{
    problem::{Code, Problem},
    public_url::{API_BASE, PublicUrl},
};

/// Maximum number of open sign-ins per browser that keep a cookie. One more sign-in removes the cookie of the oldest.
const MOST_COOKIES: usize = 5;

/// The prefix of the cookie names. Browsers accept `__Secure-` only over TLS, and pages without TLS cannot set such a
/// cookie (RFC 6265bis section 4.1.3). The stricter `__Host-` would require `Path=/`.
fn cookie_prefix(url: &PublicUrl) -> &'static str {
    if url.is_https() { "__Secure-tessera-sso-" } else { "tessera-sso-" }
}

/// Each sign-in has its own cookie, so that two tabs do not overwrite each other's cookie.
fn cookie_name(url: &PublicUrl, id: SsoSessionId) -> String {
    format!("{}{id}", cookie_prefix(url))
}

/// The path limits the cookies to the sign-in page and the requests that it sends.
fn cookie_path(url: &PublicUrl) -> String {
    format!("{}{API_BASE}/sso/web3", url.path())
}

fn cookie(url: &PublicUrl, id: SsoSessionId, value: &str, seconds: i64) -> Result<HeaderValue, Problem> {
    let secure = if url.is_https() { "; Secure" } else { "" };
    let (name, path) = (cookie_name(url, id), cookie_path(url));
    // Lax, not Strict: the browser arrives from the application's site and must still send the cookie to the page.
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).map_err(|fault| Problem::new(Code::Internal).caused_by(fault))
}

/// `Set-Cookie` for a sign-in that has just started. The cookie stays as long as the sign-in is stored, so that the page of
/// an expired sign-in knows the application.
pub(crate) fn set_cookie(url: &PublicUrl, begun: &BegunSso) -> Result<HeaderValue, Problem> {
    let BegunSso { session, browser } = begun;
    let seconds = (session.expires_at - session.created_at + ENDED_SIGN_IN_KEPT).whole_seconds();
    cookie(url, session.id, browser.expose(), seconds)
}

/// `Set-Cookie` that removes the cookie of a sign-in.
pub(crate) fn removed_cookie(url: &PublicUrl, id: SsoSessionId) -> Result<HeaderValue, Problem> {
    cookie(url, id, "", 0)
}

/// Returns the sign-ins whose cookies must be removed to make room for a new one. Browsers send the oldest cookie of a
/// path first (RFC 6265 section 5.4).
pub(crate) fn surplus(url: &PublicUrl, headers: &HeaderMap) -> Vec<SsoSessionId> {
    let names = cookies(headers).map(|(name, _)| name);
    let ids: Vec<SsoSessionId> = names.filter_map(|name| name.strip_prefix(cookie_prefix(url))?.parse().ok()).collect();
    let surplus = (ids.len() + 1).saturating_sub(MOST_COOKIES);
    ids.into_iter().take(surplus).collect()
}

/// Names and values of the cookies in the request.
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='))
}

/// Returns the secret that binds the browser to the sign-in. Two cookies with this name are ambiguous, so both are
/// ignored.
pub(crate) fn secret(url: &PublicUrl, headers: &HeaderMap, id: SsoSessionId) -> Option<OneTimeSecret> {
    let name = cookie_name(url, id);
    let mut values = cookies(headers).filter(|(known, _)| *known == name);
    let (_, value) = values.next()?;
    if values.next().is_some() { None } else { value.parse().ok() }
}
