//! The assets of the pages, compiled into the binary.

use std::future::ready;

use actix_web::{
    HttpResponse,
    http::header::CACHE_CONTROL,
    web::{self, ServiceConfig},
};

const STYLE: &str = include_str!("../../assets/pages.css");
const MARK: &str = include_str!("../../assets/mark.svg");
const SIGN_IN: &str = include_str!("../../assets/sign-in.js");

/// Path, media type and content of each asset. Browsers request `/favicon.ico` for responses without a link to an icon,
/// such as JSON.
const ASSETS: [(&str, &str, &str); 4] = [
    ("/assets/pages.css", "text/css; charset=utf-8", STYLE),
    ("/assets/mark.svg", "image/svg+xml", MARK),
    ("/assets/sign-in.js", "text/javascript; charset=utf-8", SIGN_IN),
    ("/favicon.ico", "image/svg+xml", MARK),
];

/// The paths of the assets.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    ASSETS.into_iter().map(|(path, ..)| path)
}

pub(crate) fn routes(config: &mut ServiceConfig) {
    for (path, kind, text) in ASSETS {
        config.route(path, web::get().to(move || ready(part(kind, text))));
    }
}

/// Returns the asset with this path.
pub(crate) fn find(path: &str) -> Option<HttpResponse> {
    let (_, kind, text) = ASSETS.into_iter().find(|(known, ..)| *known == path)?;
    Some(part(kind, text))
}

/// Returns an asset that clients check again with every page. The assets are small, and an outdated script would not
/// match a new page.
fn part(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(kind).insert_header((CACHE_CONTROL, "no-cache")).body(text)
}
