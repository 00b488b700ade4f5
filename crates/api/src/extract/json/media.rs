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
        let detail = "the header Content-Encoding is not supported; send the body without an encoding";
        return Err(Problem::new(Code::UnsupportedMediaType).detail(detail));
    }
    let once = request.headers().get_all(CONTENT_TYPE).count() == 1;
    if once && is_json(request) { Ok(()) } else { Err(unsupported(request, "application/json")) }
}

/// The problem of a body that is not of the accepted media type.
pub(crate) fn unsupported(request: &HttpRequest, accepted: &str) -> Problem {
    let mut sent = request.headers().get_all(CONTENT_TYPE);
    let fault = match (sent.next(), sent.next()) {
        (None, _) => "the header Content-Type is missing".to_owned(),
        (Some(_), Some(_)) => "the header Content-Type occurs more than once".to_owned(),
        (Some(one), None) => match one.to_str() {
            Ok(text) if !text.is_empty() && text.len() <= MAX_SHOWN => {
                format!("the Content-Type {text} is not supported")
            }
            _ => "the Content-Type is not supported".to_owned(),
        },
    };
    let charset = if accepted == "application/json" { ", in UTF-8" } else { "" };
    Problem::new(Code::UnsupportedMediaType).detail(format!("{fault}; send Content-Type: {accepted}{charset}"))
}

/// The maximum length of a media type that a detail repeats, in bytes.
const MAX_SHOWN: usize = 100;

fn is_json(request: &HttpRequest) -> bool {
    let Ok(Some(mime)) = request.mime_type() else { return false };
    let utf8 = mime.get_param("charset").is_none_or(|charset| charset == "utf-8");
    let json = mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json");
    mime.type_() == "application" && json && utf8
}
