//! `If-Match` and `ETag` (RFC 9110 sections 8.8.3 and 13.1.1): nobody overwrites what they have not seen.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{ETAG, HeaderName, IF_MATCH},
};
use tessera_kernel::Precondition;
use utoipa::IntoParams;

/// How the document describes the header.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described; IfMatch reads the header")]
pub(crate) struct IfMatchParameter {
    /// The `ETag` that the thing must have, or `*` for whatever is there. Without it, the last change wins.
    #[param(rename = "If-Match", nullable = false, example = "\"3\"")]
    if_match: Option<String>,
}

/// What the request takes for granted.
pub(crate) struct IfMatch(pub(crate) Precondition);

impl FromRequest for IfMatch {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = request.headers().get_all(IF_MATCH).peekable();
        if values.peek().is_none() {
            return ready(Ok(Self(Precondition::Anything)));
        }
        // What is no list of tags matches nothing, as a tag of something else does: nothing is written then.
        let tags: Vec<&str> =
            values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim).collect();
        let precondition = if tags == ["*"] {
            Precondition::Exists
        } else {
            Precondition::OneOf(tags.into_iter().filter_map(version).collect())
        };
        ready(Ok(Self(precondition)))
    }
}

/// The version that a strong tag of ours names. A weak one never matches (RFC 9110 section 13.1.1).
fn version(tag: &str) -> Option<i64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok().filter(|version: &i64| version.to_string() == digits)
}

/// The tag of a version.
pub(crate) fn etag(version: i64) -> (HeaderName, String) {
    (ETAG, format!("\"{version}\""))
}
