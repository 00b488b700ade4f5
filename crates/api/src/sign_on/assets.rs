//! The parts of pages, built into the binary.

use actix_web::{HttpResponse, get, http::header::CACHE_CONTROL};

pub(super) const SCRIPT: &str = "/assets/sign-in.js";
pub(super) const STYLE: &str = "/assets/pages.css";

#[get("/assets/sign-in.js")]
pub(super) async fn script() -> HttpResponse {
    part("text/javascript; charset=utf-8", include_str!("../../assets/sign-in.js"))
}

#[get("/assets/pages.css")]
pub(super) async fn style() -> HttpResponse {
    part("text/css; charset=utf-8", include_str!("../../assets/pages.css"))
}

/// Asked for anew with every page: they are small, and an old script on a new page would be worse.
fn part(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type(kind).insert_header((CACHE_CONTROL, "no-cache")).body(text)
}
