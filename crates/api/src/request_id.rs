//! One name for each request.

use actix_web::http::header::{HeaderMap, HeaderName};
use tessera_kernel::{Clock, Entropy, EventId, RequestId};

/// Where the id comes and goes.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's own id when it sent exactly one that is well-formed, else a new one.
pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock, entropy: &dyn Entropy) -> RequestId {
    let mut sent = headers.get_all(X_REQUEST_ID);
    let only = sent.next().filter(|_| sent.next().is_none());
    let own = only.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    own.unwrap_or_else(|| made(clock, entropy))
}

/// A request is no event, but its name is made in the same way: a UUID of version 7, ordered by time.
fn made(clock: &dyn Clock, entropy: &dyn Entropy) -> RequestId {
    loop {
        // A UUID is well-formed, so this ends at once.
        if let Ok(id) = EventId::generate(clock, entropy).to_string().parse() {
            return id;
        }
    }
}
