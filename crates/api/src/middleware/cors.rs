//! Cross-origin resource sharing (CORS): which pages of other origins may call the service and read its responses.
//!
//! Credentials mode is never allowed. Callers send tokens in a header, so no response depends on cookies.

use actix_web::http::{
    Method,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue,
        ORIGIN, VARY,
    },
};

use crate::{audience::Audience, services::CorsOrigins};

/// The methods of all operations.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");

/// The request headers that operations read. A page may send others only if they are on the safelist of the Fetch
/// standard.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, X-Org-ID, X-Request-Id",
);

/// The response headers that a page may read, in addition to the safelist of the Fetch standard.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "ETag, Link, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, Idempotent-Replayed",
);

/// Two hours in seconds, the longest time for which Chromium keeps the response to a preflight request. A removed origin
/// loses its access at once, because every response names the origins that may read it.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// What the response to one request says about other origins.
pub(crate) struct Sharing {
    /// Who may read the response. `None` if no page of another origin may.
    allowed: Option<HeaderValue>,
    /// Whether the response to another origin would differ.
    varies: bool,
    preflight: bool,
}

impl Sharing {
    /// Decides by the path without the path of the public URL. An origin must match exactly.
    pub(crate) fn of(origins: &CorsOrigins, path: &str, method: &Method, headers: &HeaderMap) -> Self {
        let any = || Some(HeaderValue::from_static("*"));
        let (allowed, varies) = match (Audience::of(path), origins) {
            (Audience::People, _) | (Audience::Api, CorsOrigins::None) => (None, false),
            (Audience::Everyone, _) | (Audience::Api, CorsOrigins::Any) => (any(), false),
            (Audience::Api, CorsOrigins::Listed(listed)) => {
                let origin = headers.get(ORIGIN).filter(|origin| listed.iter().any(|known| *origin == known.as_str()));
                (origin.cloned(), true)
            }
        };
        let asks = headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Self { preflight: allowed.is_some() && method == Method::OPTIONS && asks, allowed, varies }
    }

    /// Returns whether this is a preflight request of an origin that may call the path. The browser sends it without
    /// credentials, so it is answered before authentication. It does not depend on the route either: the page can then
    /// read why the request itself fails.
    pub(crate) const fn is_preflight(&self) -> bool {
        self.preflight
    }

    /// Adds the headers to the response. Errors carry them too, because a page cannot read the problem without them.
    pub(crate) fn add(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(allowed) = &self.allowed else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
        if self.preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        } else {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}
