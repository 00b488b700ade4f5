//! The parts of pages, built into the binary.

use actix_web::{HttpResponse, get, http::header::CACHE_CONTROL};

/// Where they are.
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

/// Asked for anew with every page: they are small, and an old script on a new page would be worse.
fn part(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(kind).insert_header((CACHE_CONTROL, "no-cache")).body(text)
}
