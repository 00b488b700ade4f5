//! Public documents that clients may cache.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, EntityTag, IfNoneMatch},
};
use serde::Serialize;
use time::Duration;

/// Returns the document, or 304 if the client has the one with this tag. Clients may use it for that long without
/// another request.
pub(crate) fn respond(
    seen: Option<&IfNoneMatch>,
    tag: EntityTag,
    max_age: Duration,
    document: &impl Serialize,
) -> HttpResponse {
    let known = seen.is_some_and(|seen| matches(seen, &tag));
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    let age = format!("public, max-age={}", max_age.whole_seconds());
    response.insert_header((CACHE_CONTROL, age)).insert_header((ETAG, tag));
    if known { response.finish() } else { response.json(document) }
}

fn matches(seen: &IfNoneMatch, tag: &EntityTag) -> bool {
    match seen {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|seen| seen.weak_eq(tag)),
    }
}
