//! The headers of every response.

use std::sync::atomic::Ordering;

use actix_web::{
    HttpResponse,
    http::{
        ConnectionType, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
            STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
        },
    },
};
use tessera_kernel::RequestMetadata;

use crate::{
    middleware::{cors::Sharing, request_id::X_REQUEST_ID},
    state::AppState,
};

const API_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Adds the headers that are missing. Headers that a page has set are kept.
pub(crate) fn add(headers: &mut HeaderMap, request_id: &str, https: bool) {
    // A well-formed id is always a valid header value.
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(X_REQUEST_ID, id);
    }
    let mut add = |name: HeaderName, value: HeaderValue| {
        if !headers.contains_key(&name) {
            headers.insert(name, value);
        }
    };
    add(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    add(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    add(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    add(CONTENT_SECURITY_POLICY, API_POLICY);
    add(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    add(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    if https {
        // One year. Subdomains are excluded, because this service does not control them.
        add(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

pub(crate) fn apply_response_headers(
    state: &AppState,
    response: &mut HttpResponse,
    sharing: &Sharing,
    origin: &RequestMetadata,
) {
    add(response.headers_mut(), origin.shown_request_id(), state.services.public_url.is_https());
    sharing.add(response.headers_mut());
    // While draining, a kept-alive connection with steady traffic would prevent the process from exiting. After a
    // request timeout, the server closes the connection, because the body did not arrive in time.
    let late = response.status() == StatusCode::REQUEST_TIMEOUT;
    if late || state.services.draining.load(Ordering::Relaxed) {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
}
