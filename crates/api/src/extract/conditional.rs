//! Preconditions: `ETag`, `If-Match` and `If-None-Match` (RFC 9110 sections 8.8.3 and 13).

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH},
};
use tessera_kernel::Precondition;
use utoipa::IntoParams;

use crate::problem::Problem;

/// Describes the precondition headers of a write in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described; IfUnchanged reads the headers")]
pub(crate) struct ChangeConditions {
    /// The `ETag` that the resource must have, or `*` for any existing value. Without this header, the last write wins.
    #[param(rename = "If-Match", nullable = false, example = "\"3\"")]
    if_match: Option<String>,
    /// `*` to write only if the resource has never been written, or an `ETag` that the resource must not have.
    #[param(rename = "If-None-Match", nullable = false, example = "*")]
    if_none_match: Option<String>,
}

/// Describes the precondition header of a read in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described; IfChanged reads the header")]
pub(crate) struct ReadConditions {
    /// The `ETag` that the caller has. If the resource still has it, the response is 304.
    #[param(rename = "If-None-Match", nullable = false, example = "\"3\"")]
    if_none_match: Option<String>,
}

/// The precondition of a write. If both headers are sent, both must hold. The response is the same whichever of them
/// fails.
pub(crate) struct IfUnchanged(pub(crate) Precondition);

impl FromRequest for IfUnchanged {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A client that sends a malformed header expects a guarded write, so a malformed header never matches.
        let both = vec![if_match(request), if_none_match(request, Precondition::OneOf(Vec::new()))];
        ready(Ok(Self(Precondition::All(both))))
    }
}

/// The version that the caller of a read already has.
pub(crate) struct IfChanged(Precondition);

impl FromRequest for IfChanged {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(if_none_match(request, Precondition::Anything))))
    }
}

impl IfChanged {
    /// Returns the resource, or 304 if the caller already has this version.
    pub(crate) fn answer(
        &self,
        version: i64,
        whole: impl FnOnce() -> Result<HttpResponse, Problem>,
    ) -> Result<HttpResponse, Problem> {
        if self.0.holds(Some(version)) {
            return whole();
        }
        Ok(HttpResponse::NotModified().insert_header(etag(version)).finish())
    }
}

fn if_match(request: &HttpRequest) -> Precondition {
    match tags(request, IF_MATCH) {
        None => Precondition::Anything,
        Some(Tags::Any) => Precondition::Exists,
        // A weak tag never matches (RFC 9110 section 13.1.1).
        Some(Tags::Listed(tags)) => {
            Precondition::OneOf(tags.into_iter().filter(|tag| !tag.weak).filter_map(|tag| tag.version).collect())
        }
        Some(Tags::Malformed) => Precondition::OneOf(Vec::new()),
    }
}

fn if_none_match(request: &HttpRequest, malformed: Precondition) -> Precondition {
    match tags(request, IF_NONE_MATCH) {
        None => Precondition::Anything,
        Some(Tags::Any) => Precondition::Unwritten,
        // A weak tag matches like a strong one (RFC 9110 section 13.1.2).
        Some(Tags::Listed(tags)) => Precondition::NoneOf(tags.into_iter().filter_map(|tag| tag.version).collect()),
        Some(Tags::Malformed) => malformed,
    }
}

/// The content of a header with entity tags.
enum Tags {
    Any,
    Listed(Vec<Tag>),
    Malformed,
}

struct Tag {
    weak: bool,
    /// `None` if this service did not issue the tag.
    version: Option<i64>,
}

fn tags(request: &HttpRequest, header: HeaderName) -> Option<Tags> {
    let mut values = request.headers().get_all(header).peekable();
    values.peek()?;
    let text = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>().join(",");
    Some(if text.trim() == "*" { Tags::Any } else { listed(&text).map_or(Tags::Malformed, Tags::Listed) })
}

/// Parses a list of entity tags. A tag may contain a comma.
fn listed(text: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = text.trim_start_matches(BETWEEN);
    while !rest.is_empty() {
        let weak = rest.strip_prefix("W/");
        let (opaque, after) = weak.unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        tags.push(Tag { weak: weak.is_some(), version: version(opaque) });
        rest = after.trim_start_matches(BETWEEN);
        if !rest.is_empty() && !after.trim_start().starts_with(',') {
            return None;
        }
    }
    if tags.is_empty() { None } else { Some(tags) }
}

/// Separators of entity tags. Empty list elements are allowed (RFC 9110 section 5.6.1).
const BETWEEN: [char; 3] = [' ', '\t', ','];

/// Parses the version from an entity tag that this service issued.
fn version(opaque: &str) -> Option<i64> {
    opaque.parse().ok().filter(|version: &i64| version.to_string() == opaque)
}

pub(crate) fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}
