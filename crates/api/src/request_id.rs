//! The ids of a request: the service's own, and the client's.

use actix_web::http::header::{HeaderMap, HeaderName};
use tessera_kernel::ClientRequestId;

/// The header in which the client sends its id, and in which the response has the id to show.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's id, if it sent exactly one that is well-formed.
pub(crate) fn of_client(headers: &HeaderMap) -> Option<ClientRequestId> {
    let mut sent = headers.get_all(X_REQUEST_ID);
    let only = sent.next().filter(|_| sent.next().is_none());
    only.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok())
}
