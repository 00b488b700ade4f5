//! Checks of the media type and encoding of a body before it is read.

use actix_web::{
    HttpMessage, HttpRequest,
    http::header::{CONTENT_ENCODING, CONTENT_TYPE},
};

use crate::problem::{Code, Problem};

/// Accepts only JSON in UTF-8 without a content encoding, declared by exactly one `Content-Type`.
pub(crate) fn check(request: &HttpRequest) -> Result<(), Problem> {
    let encoded = |value: &actix_web::http::header::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(CONTENT_ENCODING).any(encoded) {
        return Err(Problem::new(Code::UnsupportedMediaType).detail("the body must not have a Content-Encoding"));
    }
    let once = request.headers().get_all(CONTENT_TYPE).count() == 1;
    if once && is_json(request) { Ok(()) } else { Err(Code::UnsupportedMediaType.into()) }
}

fn is_json(request: &HttpRequest) -> bool {
    let Ok(Some(mime)) = request.mime_type() else { return false };
    let utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
    let json = mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
    mime.type_() == "application" && json && utf8
}
