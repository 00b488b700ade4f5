//! Origin checks and content negotiation of browser requests.

use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName, ORIGIN};

use crate::{
    problem::{Code, Problem},
    public_url::PublicUrl,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Rejects a request that another site made the browser send. Browsers state this in `Sec-Fetch-Site`, which pages
/// cannot set. This header has priority, because a form on a page without a referrer sends `Origin: null`. Older
/// browsers send only `Origin`. Clients that are not browsers send neither header, and have no cookies that an attacker
/// could use.
pub(crate) fn same_origin(url: &PublicUrl, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted =
        if headers.contains_key(SEC_FETCH_SITE) { (SEC_FETCH_SITE, "same-origin") } else { (ORIGIN, url.origin()) };
    let same = headers.get_all(wanted.0).all(|value| value == wanted.1);
    if same { Ok(()) } else { Err(Code::CrossSite.into()) }
}

/// Returns whether the client accepts HTML.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}
