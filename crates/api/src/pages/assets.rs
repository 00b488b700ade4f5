//! The assets of the pages, compiled into the binary.

use actix_web::{HttpResponse, get, http::header::CACHE_CONTROL};

/// The paths of the assets.
pub(crate) const PATHS: [&str; 3] = ["/assets/pages.css", "/assets/mark.svg", "/assets/sign-in.js"];

#[get("/assets/pages.css")]
pub(crate) async fn style() -> HttpResponse {
    part("text/css; charset=utf-8", include_str!("../../assets/pages.css"))
}

#[get("/assets/mark.svg")]
pub(crate) async fn mark() -> HttpResponse {
    part("image/svg+xml", include_str!("../../assets/mark.svg"))
}

#[get("/assets/sign-in.js")]
pub(crate) async fn script() -> HttpResponse {
    part("text/javascript; charset=utf-8", include_str!("../../assets/sign-in.js"))
}

/// Returns an asset that clients check again with every page. The assets are small, and an outdated script would not
/// match a new page.
fn part(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(kind).insert_header((CACHE_CONTROL, "no-cache")).body(text)
}
