//! The ids of a request: one from the service and one from the client.

use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName};
use tessera_kernel::{ClientRequestId, RequestId, RequestMetadata, SystemPorts};

/// The header with the client's id in the request, and with the id to show in the response.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Creates the request metadata: a new id of the service, the client's id, and the client address.
pub(crate) fn origin_of(headers: &HeaderMap, address: Option<IpAddr>, system: &SystemPorts) -> RequestMetadata {
    RequestMetadata { request_id: RequestId::generate(system), client_request_id: of_client(headers), address }
}

/// The client's id, if the client sent exactly one well-formed value.
fn of_client(headers: &HeaderMap) -> Option<ClientRequestId> {
    let mut sent = headers.get_all(X_REQUEST_ID);
    let only = sent.next().filter(|_| sent.next().is_none());
    only.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok())
}
