//! One name for each request.

use actix_web::http::header::{HeaderMap, HeaderName};
use tessera_kernel::{Clock, Entropy, RequestId};

/// Where the id comes and goes.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own id when it sent exactly one that is well-formed, else a new one.
pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock, entropy: &dyn Entropy) -> RequestId {
    let mut sent = headers.get_all(X_REQUEST_ID);
    let only = sent.next().filter(|_| sent.next().is_none());
    let own = only.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    own.unwrap_or_else(|| RequestId::generate(clock, entropy))
}
