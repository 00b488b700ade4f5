//! The ids of a request: the service's own, and the client's.

use std::net::SocketAddr;

use actix_web::http::header::{HeaderMap, HeaderName};
use tessera_kernel::{ClientRequestId, Clock, Entropy, Origin, RequestId};

/// The header in which the client sends its id, and in which the response has the id to show.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A new id of the service, the client's beside it, and the address of the peer.
pub(crate) fn origin_of(
    headers: &HeaderMap,
    peer: Option<SocketAddr>,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Origin {
    Origin {
        request_id: RequestId::generate(clock, entropy),
        client_request_id: of_client(headers),
        // The transport's own word: no header says where a request came from.
        address: peer.map(|peer| peer.ip()),
    }
}

/// The client's id, if it sent exactly one that is well-formed.
fn of_client(headers: &HeaderMap) -> Option<ClientRequestId> {
    let mut sent = headers.get_all(X_REQUEST_ID);
    let only = sent.next().filter(|_| sent.next().is_none());
    only.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok())
}
