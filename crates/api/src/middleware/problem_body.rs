//! The problem body of every failed request, including failures of the framework.

use std::{cell::Cell, fmt};

use actix_web::{
    Error, HttpResponse, ResponseError,
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    },
};
use tessera_kernel::RequestMetadata;

use crate::{
    audience::Audience,
    b3os,
    extract::fetch_metadata,
    pages::{
        frame::Frame,
        layout::{HTML, problem_page},
        sign_in,
    },
    problem::{PROBLEM_JSON, Problem},
    public_url::PublicUrl,
    state::AppState,
};

/// Paths below the API that users open in their browser: the start of a sign-in for an application, and its page.
const OPENED_BY_USERS: [&str; 2] = ["/api/v1/sso/web3/initiate", sign_in::PATH];

/// The form of the body of a failed response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorForm {
    Json,
    /// The envelope of the B3OS API.
    Envelope,
    /// For a browser in which a user opens a page.
    Page,
}

impl ErrorForm {
    /// Decides by the path without the path of the public URL.
    pub(crate) fn of(path: &str, headers: &HeaderMap) -> Self {
        let page = Audience::of(path) == Audience::People || OPENED_BY_USERS.contains(&path);
        if page && fetch_metadata::wants_page(headers) {
            Self::Page
        } else if b3os::has(path) {
            Self::Envelope
        } else {
            Self::Json
        }
    }

    /// Builds the response to a failed request.
    pub(crate) fn respond(
        self,
        problem: &Problem,
        url: &PublicUrl,
        frame: Frame<'_>,
        origin: &RequestMetadata,
    ) -> HttpResponse {
        match self {
            Self::Json => problem.respond(url, origin),
            Self::Envelope => problem.respond_in_envelope(origin),
            Self::Page => problem_page(problem, frame, origin).unwrap_or_else(|problem| problem.respond(url, origin)),
        }
    }
}

/// Adds the problem body to a failed response, including failures of the framework.
pub(crate) fn with_problem_body(
    state: &AppState,
    answer: ServiceResponse,
    form: ErrorForm,
    origin: &RequestMetadata,
) -> ServiceResponse {
    let explanation = match answer.response().error() {
        Some(error) => explain(state, error, form, origin),
        None if is_bare_failure(&answer) => respond(state, &Problem::of_status(answer.status()), form, origin),
        None => return answer,
    };
    answer.into_response(explanation)
}

pub(crate) fn explain(state: &AppState, error: &Error, form: ErrorForm, origin: &RequestMetadata) -> HttpResponse {
    match error.as_error::<Problem>() {
        Some(problem) => respond(state, problem, form, origin),
        None => respond(state, &Problem::of_status(error.as_response_error().status_code()), form, origin),
    }
}

fn respond(state: &AppState, problem: &Problem, form: ErrorForm, origin: &RequestMetadata) -> HttpResponse {
    form.respond(problem, &state.services.public_url, state.frame(), origin)
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
