//! The problem body of every failed request, including failures of the framework.

use std::{cell::Cell, fmt};

use actix_web::{
    Error, HttpResponse, ResponseError,
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
};
use tessera_kernel::RequestMetadata;

use crate::{
    pages::layout::HTML,
    problem::{PROBLEM_JSON, Problem},
    state::AppState,
};

/// Adds the problem body to a failed response, including failures of the framework.
pub(crate) fn with_problem_body(
    state: &AppState,
    answer: ServiceResponse,
    origin: &RequestMetadata,
) -> ServiceResponse {
    let explanation = match answer.response().error() {
        Some(error) => explain(state, error, origin),
        None if is_bare_failure(&answer) => {
            Problem::of_status(answer.status()).respond(&state.services.public_url, origin)
        }
        None => return answer,
    };
    answer.into_response(explanation)
}

pub(crate) fn explain(state: &AppState, error: &Error, origin: &RequestMetadata) -> HttpResponse {
    match error.as_error::<Problem>() {
        Some(problem) => problem.respond(&state.services.public_url, origin),
        None => Problem::of_status(error.as_response_error().status_code()).respond(&state.services.public_url, origin),
    }
}

fn is_bare_failure(answer: &ServiceResponse) -> bool {
    let failed = answer.status().is_client_error() || answer.status().is_server_error();
    // Pages describe their errors themselves.
    let told = |kind: &HeaderValue| kind == PROBLEM_JSON || kind == HTML;
    failed && !answer.headers().get(CONTENT_TYPE).is_some_and(told)
}

/// A complete response in the form of an error. The framework requests it once.
pub(crate) struct PreparedErrorResponse {
    status: StatusCode,
    answer: Cell<Option<HttpResponse>>,
}

impl PreparedErrorResponse {
    pub(crate) fn new(answer: HttpResponse) -> Self {
        Self { status: answer.status(), answer: Cell::new(Some(answer)) }
    }
}

impl ResponseError for PreparedErrorResponse {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.answer.take().unwrap_or_else(|| HttpResponse::new(self.status))
    }
}

impl fmt::Display for PreparedErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered with {}", self.status)
    }
}

impl fmt::Debug for PreparedErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
