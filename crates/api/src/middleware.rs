//! The middleware around every request, in this order: client address, request metadata, route, preflight, credentials,
//! idempotency key, handler, audit entry of a denied attempt, problem body, headers, access log. The metrics and the span cover all of them.
//! Each step has its own file.

mod audit_denied;
pub(crate) mod authenticate;
pub(crate) mod base_path;
mod client_address;
pub(crate) mod cors;
mod credentials;
pub(crate) mod headers;
pub(crate) mod idempotency;
mod log;
mod metrics;
pub(crate) mod problem_body;
pub(crate) mod request_id;
mod trace;
mod unknown_path;

use std::{future::poll_fn, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, task::Poll};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    rt,
};
use futures_util::FutureExt;
use tessera_kernel::{LogContext, RequestMetadata, limit, logged_in};
use time::OffsetDateTime;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::{
    applied_limits,
    extract::{RequestContext, UnreadPayload},
    middleware::{
        cors::Sharing,
        metrics::Measured,
        problem_body::{ErrorForm, PreparedErrorResponse},
        trace::Traced,
    },
    problem::{Code, Problem},
    route_table::{Route, Rule},
    state::AppState,
    v1::network_limit::admit_network,
};

/// How often a request is polled in the task of its connection: once before and once after its body is read.
const POLLS_IN_PLACE: usize = 2;

/// Handles a request. One that needs no I/O completes in the task of its connection. Any other gets a task of its own: in the
/// task of the connection, every response of the database would wake the connection, which would then look for another
/// request in its buffer, and that costs more than the response itself. The task is aborted if the client disconnects.
pub(crate) async fn serve_request(
    state: Arc<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let failed = || Err(Problem::new(Code::Internal).into());
    let serving = AssertUnwindSafe(async move { serve(&state, request, next).await }).catch_unwind();
    // The panic hook has logged the panic. The connection serves its other requests.
    let mut serving = Box::pin(serving.map(move |served| served.unwrap_or_else(|_| failed())));
    let mut polls = 0;
    let in_place = poll_fn(|context| {
        polls += 1;
        match serving.as_mut().poll(context) {
            Poll::Pending if polls < POLLS_IN_PLACE => Poll::Pending,
            polled => Poll::Ready(polled),
        }
    });
    if let Poll::Ready(response) = in_place.await {
        return response;
    }
    // Panics are caught, so this fails only if the runtime shuts down.
    AbortOnDropHandle::new(rt::spawn(serving)).await.unwrap_or_else(|_| failed())
}

/// A request whose head was read.
struct Received<'a> {
    method: Method,
    route: Option<&'a Route>,
    origin: RequestMetadata,
    started: OffsetDateTime,
}

/// Creates the request metadata, serves the request, and measures that.
async fn serve(state: &AppState, mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let services = &state.services;
    let (measured, started) = (Measured::begin(state), services.system.now());
    let traced = Traced::begin(&request, &services.trusted_proxies);
    let client = client_address::resolve(request.peer_addr(), request.headers(), &services.trusted_proxies);
    let address = client.as_ref().ok().copied().flatten();
    let origin = request_id::origin_of(request.headers(), address, &services.system);
    let method = request.method().clone();
    base_path::remove(state, &mut request);
    let route = state.routes.find(request.match_info().as_str());
    traced.describe(&method, route, &origin);
    let context = LogContext { request_id: origin.request_id.as_str().into(), trace_id: traced.trace_id };
    let received = Received { method, route, origin, started };
    let complete = |status| {
        measured.complete(&received.method, route, status);
        traced.complete(status);
    };
    let answering = answer_received(state, client, request, next, &received, &complete);
    logged_in(Some(context), answering.instrument(traced.span.clone())).await
}

/// Authenticates the caller, calls the handler, and completes the response.
async fn answer_received(
    state: &AppState,
    client: Result<Option<IpAddr>, Problem>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
    received: &Received<'_>,
    complete: &(dyn Fn(u16) + Sync),
) -> Result<ServiceResponse, Error> {
    let services = &state.services;
    let Received { method, route, origin, started } = received;
    let route = *route;
    // HEAD is handled as GET. The connection leaves out the body.
    if *method == Method::HEAD && route.is_some_and(Route::takes_head) {
        request.head_mut().method = Method::GET;
    }
    // Of unknown paths too, which still have the path of the public URL.
    let path = base_path::relative(services.public_url.path(), request.match_info().as_str());
    let sharing = Sharing::of(&services.cors, path, request.method(), request.headers());
    let form = ErrorForm::of(path, request.headers());
    let unread = UnreadPayload::keep(&mut request);
    let answering = AssertUnwindSafe(answer(state, client, &sharing, route, request, origin, next)).catch_unwind();
    let (served, limits) = applied_limits::collect(answering).await;
    // The panic hook has logged the panic. Only this request fails; the worker continues.
    let fallen = |_| Err(Problem::new(Code::Internal).caused_by("serving it panicked").into());
    let outcome = served.unwrap_or_else(fallen);
    let outcome = match outcome {
        Ok(answer) => {
            let answer = audit_denied::recorded(services, route, answer, limits.reached(), origin).await;
            let mut answer = problem_body::with_problem_body(state, answer, form, origin);
            limits.add(answer.status(), answer.response_mut().headers_mut());
            headers::apply_response_headers(state, answer.response_mut(), &sharing, origin);
            Ok(unread.go_with(answer))
        }
        // Without the request no `ServiceResponse` can be built, so the response is wrapped in an error.
        Err(error) => {
            let mut answer = problem_body::explain(state, &error, form, origin);
            headers::apply_response_headers(state, &mut answer, &sharing, origin);
            Err(PreparedErrorResponse::new(answer))
        }
    };
    let status = outcome.as_ref().map_or_else(ResponseError::status_code, ServiceResponse::status).as_u16();
    complete(status);
    log::write_line(state, method, route, status, *started, origin);
    outcome.map_err(Error::from)
}

async fn answer(
    state: &AppState,
    client: Result<Option<IpAddr>, Problem>,
    sharing: &Sharing,
    route: Option<&Route>,
    request: ServiceRequest,
    origin: &RequestMetadata,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    if sharing.is_preflight() {
        return Ok(request.into_response(HttpResponse::NoContent().finish()));
    }
    // After the preflight, which needs no address: a page of another origin can then read this problem. Before the path,
    // so that one fault of a proxy has the same response for all of its requests.
    let admitted = match client {
        Ok(_) => admit(state, route, &request, origin).await,
        Err(problem) => Err(problem),
    };
    match admitted {
        Err(problem) => Ok(request.error_response(problem)),
        Ok(rule) => {
            let served = if idempotency::applies(rule, &request) {
                idempotency::serve(&state.services, request, next).await
            } else {
                next.call(request).await
            };
            served.map(|answer| authenticate::count_invalid_secret(state, answer, origin))
        }
    }
}

/// Checks path, method and credentials, in this order. Stores the caller in the request extensions.
async fn admit(
    state: &AppState,
    route: Option<&Route>,
    request: &ServiceRequest,
    origin: &RequestMetadata,
) -> Result<Rule, Problem> {
    let rule = match route.map(|route| route.rule(request.method())) {
        Some(Ok(rule)) => rule,
        unknown => {
            // It counts for the network, whatever its credentials are.
            admit_network(&*state.services.node_limits, limit::REQUESTS, origin)?;
            return Err(unknown.and_then(Result::err).unwrap_or_else(|| unknown_path::no_route(state, request)));
        }
    };
    let principal = authenticate::admit(&state.services, rule, request.headers(), origin).await?;
    let counted = authenticate::count_session(&state.services, rule, principal.as_ref());
    let permitted = counted.and_then(|()| authenticate::permit(rule.access, principal.as_ref()));
    request.extensions_mut().insert(RequestContext { origin: origin.clone(), principal });
    permitted.map(|()| rule)
}
