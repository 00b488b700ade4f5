//! Begins the span of a request.

use actix_web::dev::ServiceRequest;
use tessera_kernel::{Cidr, RequestMetadata};

use crate::{
    metrics::label_of,
    route_table::Route,
    services::Services,
    tracing_port::{RequestSpan, TracedRequest},
};

/// The W3C header with the ids of the caller's trace and span.
const TRACEPARENT: &str = "traceparent";

pub(super) fn begin(
    services: &Services,
    request: &ServiceRequest,
    route: Option<&Route>,
    origin: &RequestMetadata,
) -> RequestSpan {
    let Some(tracer) = &services.tracer else { return RequestSpan::none() };
    tracer.begin(TracedRequest {
        method: label_of(request.method()),
        route: route.map_or("", Route::pattern),
        request_id: origin.request_id.as_str(),
        parent: trusted_parent(request, &services.trusted_proxies),
    })
}

/// Any client could choose the id of its trace, and whether it is sampled. Only those of trusted proxies count.
fn trusted_parent<'a>(request: &'a ServiceRequest, trusted: &[Cidr]) -> Option<&'a str> {
    let peer = request.peer_addr()?.ip();
    trusted.iter().any(|network| network.contains(peer)).then_some(())?;
    request.headers().get(TRACEPARENT)?.to_str().ok()
}
