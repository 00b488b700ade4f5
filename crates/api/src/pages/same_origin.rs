//! Forms are taken from our own pages only.

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, ORIGIN},
};

use crate::{
    problem::{Code, Problem},
    services::PublicUrl,
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another site made a browser send. Browsers say so in `Sec-Fetch-Site`, which no page can set. Older ones
/// name the page's origin; what is no browser names none, and can't be made to send anything.
pub(super) fn check(request: &HttpRequest, url: &PublicUrl) -> Result<(), Problem> {
    let header = |name: &HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let good = match (header(&SEC_FETCH_SITE), header(&ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == url.origin(),
        (None, None) => true,
    };
    if good { Ok(()) } else { Err(Code::CrossSite.into()) }
}
