//! The error page for an invalid sign-in request of an application.

use actix_web::{
    HttpResponse,
    http::header::{HeaderValue, RETRY_AFTER, VARY},
};
use askama::Template;
use tessera_kernel::RequestMetadata;

use crate::{
    pages::{
        frame::Frame,
        layout::{Policy, answer, problem_page},
    },
    problem::Problem,
};

/// Why a sign-in cannot start because of an error of the application.
#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal<'a> {
    frame: Frame<'a>,
    title: &'a str,
    text: &'a str,
    code: &'a str,
}

/// Returns an error page to browsers and the problem to other clients.
pub(crate) fn refusal_page(
    frame: Frame<'_>,
    problem: &Problem,
    origin: &RequestMetadata,
) -> Result<HttpResponse, Problem> {
    let mut page = if problem.code().status().is_server_error() {
        problem_page(problem, frame, origin)?
    } else {
        let (code, text) = problem.log_and_describe(origin);
        let refusal = Refusal { frame, title: code.title(), text, code: code.as_str() };
        answer(Policy::Text, code.status(), &refusal)?
    };
    if let Some(seconds) = problem.wait() {
        page.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    page.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(page)
}
