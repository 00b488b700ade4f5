//! What a browser sends about the origin of a request and about what it can display.

use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName, ORIGIN};

use crate::{
    problem::{Code, Problem},
    public_url::PublicUrl,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another site made a browser send. Browsers say so in `Sec-Fetch-Site`, which no page can set; a form of a
/// page without referrer has no other origin than `null`. Older browsers name the page's origin. Who is no browser says
/// nothing of this, and has no cookies to lose.
pub(crate) fn same_origin(url: &PublicUrl, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted =
        if headers.contains_key(SEC_FETCH_SITE) { (SEC_FETCH_SITE, "same-origin") } else { (ORIGIN, url.origin()) };
    let same = headers.get_all(wanted.0).all(|value| value == wanted.1);
    if same { Ok(()) } else { Err(Code::CrossSite.into()) }
}

/// Whether there is a person in front who wants to read a page.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}
