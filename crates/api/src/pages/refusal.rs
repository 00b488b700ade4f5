//! The error page for an invalid sign-in request of an application.

use actix_web::{
    HttpResponse,
    http::header::{HeaderValue, RETRY_AFTER, VARY},
};
use askama::Template;
use tessera_kernel::RequestMetadata;
use tessera_sso::model::destination;

use crate::{
    pages::layout::{Policy, answer, problem_page},
    problem::Problem,
    public_url::PublicUrl,
};

/// Why a sign-in cannot start because of an error of the application.
#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal<'a> {
    base: &'a str,
    service: &'a str,
    title: &'a str,
    text: &'a str,
    code: &'a str,
}

/// Returns an error page to browsers and the problem to other clients.
pub(crate) fn refusal_page(
    url: &PublicUrl,
    problem: &Problem,
    origin: &RequestMetadata,
) -> Result<HttpResponse, Problem> {
    let mut page = if problem.code().status().is_server_error() {
        problem_page(problem, url, origin)?
    } else {
        let (code, text) = problem.log_and_describe(origin);
        let (base, service) = (url.path(), destination(url.origin()));
        let refusal = Refusal { base, service, title: code.title(), text, code: code.as_str() };
        answer(Policy::Script, code.status(), &refusal)?
    };
    if let Some(seconds) = problem.wait() {
        page.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    page.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(page)
}
