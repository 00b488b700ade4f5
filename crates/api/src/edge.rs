//! What happens around every request, whatever it asks for.

use std::{
    cell::Cell,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
};

use actix_web::{
    Error, HttpMessage, HttpResponse, ResponseError,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
    middleware::Next,
    rt,
};
use futures_util::FutureExt;
use tessera_kernel::{ClientRequestId, Origin};
use time::OffsetDateTime;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    api::Edge,
    auth::{self, Visit},
    base_path,
    body::Unread,
    denial,
    pages::HTML,
    problem::{Code, PROBLEM_JSON, Problem},
    request_id,
    routes::Route,
    security_headers,
};

/// Serves a request in a task of its own. Otherwise the connection would be woken each time that storage answers, and look
/// for another request in its buffer then, which costs more than the answer. A client that hangs up ends the task.
pub(crate) async fn serve_apart(
    edge: Arc<Edge>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let task = rt::spawn(async move { serve(&edge, request, next).await });
    // It catches its own panics, so it fails only where the runtime ends.
    AbortOnDropHandle::new(task).await.unwrap_or_else(|_| Err(Problem::new(Code::Internal).into()))
}

/// Names the request, finds out who asks, has it served, and dresses the answer.
async fn serve(edge: &Edge, mut request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let services = &edge.services;
    let started = services.clock.now();
    let peer = request.peer_addr();
    let origin = request_id::origin_of(request.headers(), peer, &*services.clock, &*services.entropy);
    let method = request.method().clone();
    base_path::remove(edge, &mut request);
    let route = edge.routes.find(request.match_info().as_str());
    // A HEAD is a GET whose body the connection leaves out.
    if method == Method::HEAD && route.is_some_and(Route::takes_head) {
        request.head_mut().method = Method::GET;
    }
    let unread = Unread::keep(&mut request);
    let served = AssertUnwindSafe(answer(edge, route, request, &origin, next)).catch_unwind().await;
    // The panic hook has reported it; the request goes with it, the worker stays.
    let fallen = |_| Err(Problem::new(Code::Internal).caused_by("serving it panicked").into());
    let outcome = served.unwrap_or_else(fallen);
    let outcome = match outcome {
        Ok(answer) => {
            let answer = denial::recorded(services, route, answer).await;
            let mut answer = explained(edge, answer, &origin);
            dress(edge, answer.response_mut(), &origin);
            Ok(unread.go_with(answer))
        }
        // Without its request there is no answer to pass on, only an error that becomes one.
        Err(error) => {
            let mut answer = explain(edge, &error, &origin);
            dress(edge, &mut answer, &origin);
            Err(Undone::new(answer))
        }
    };
    let status = outcome.as_ref().map_or_else(ResponseError::status_code, ServiceResponse::status).as_u16();
    write_line(edge, &method, route, status, started, &origin);
    outcome.map_err(Error::from)
}

async fn answer(
    edge: &Edge,
    route: Option<&Route>,
    request: ServiceRequest,
    origin: &Origin,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    match admit(edge, route, &request, origin).await {
        Err(problem) => Ok(request.error_response(problem)),
        Ok(()) => next.call(request).await,
    }
}

/// Path, method and credentials, in this order. Who asks stays with the request.
async fn admit(edge: &Edge, route: Option<&Route>, request: &ServiceRequest, origin: &Origin) -> Result<(), Problem> {
    let access = route.ok_or(Code::RouteNotFound)?.access(request.method())?;
    let principal = auth::admit(&edge.services, access, request.headers()).await?;
    let permitted = auth::permit(access, principal.as_ref());
    request.extensions_mut().insert(Visit { origin: origin.clone(), principal });
    permitted
}

/// Gives every failure its body, the framework's own too.
fn explained(edge: &Edge, answer: ServiceResponse, origin: &Origin) -> ServiceResponse {
    let explanation = match answer.response().error() {
        Some(error) => explain(edge, error, origin),
        None if is_bare_failure(&answer) => {
            Problem::of_status(answer.status()).respond(&edge.services.public_url, origin)
        }
        None => return answer,
    };
    answer.into_response(explanation)
}

fn explain(edge: &Edge, error: &Error, origin: &Origin) -> HttpResponse {
    match error.as_error::<Problem>() {
        Some(problem) => problem.respond(&edge.services.public_url, origin),
        None => Problem::of_status(error.as_response_error().status_code()).respond(&edge.services.public_url, origin),
    }
}

fn is_bare_failure(answer: &ServiceResponse) -> bool {
    let failed = answer.status().is_client_error() || answer.status().is_server_error();
    // Pages tell people what is wrong in their own way.
    let told = |kind: &HeaderValue| kind == PROBLEM_JSON || kind == HTML;
    failed && !answer.headers().get(CONTENT_TYPE).is_some_and(told)
}

fn dress(edge: &Edge, response: &mut HttpResponse, origin: &Origin) {
    security_headers::add(response.headers_mut(), origin.shown_request_id(), edge.services.public_url.is_https());
    // Under steady traffic a kept connection would never let the process end.
    // After a body that did not arrive in time, the server closes.
    let late = response.status() == StatusCode::REQUEST_TIMEOUT;
    if late || edge.services.draining.load(Ordering::Relaxed) {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
}

fn write_line(
    edge: &Edge,
    method: &Method,
    route: Option<&Route>,
    status: u16,
    started: OffsetDateTime,
    origin: &Origin,
) {
    let micros = i64::try_from((edge.services.clock.now() - started).whole_microseconds()).unwrap_or(i64::MAX);
    let route = route.map_or("-", Route::pattern);
    let request_id = origin.request_id.as_str();
    let client_request_id = origin.client_request_id.as_ref().map(ClientRequestId::as_str);
    tracing::info!(method = method.as_str(), route, status, micros, request_id, client_request_id, "request");
}

/// An answer in the shape of an error. It is asked for once.
struct Undone {
    status: StatusCode,
    answer: Cell<Option<HttpResponse>>,
}

impl Undone {
    fn new(answer: HttpResponse) -> Self {
        Self { status: answer.status(), answer: Cell::new(Some(answer)) }
    }
}

impl ResponseError for Undone {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer.take().unwrap_or_else(|| HttpResponse::new(self.status))
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered with {}", self.status)
    }
}

impl fmt::Debug for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
