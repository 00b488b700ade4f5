//! The pages on which people sign in to applications. Everything on them comes from this process, and nothing is inline.

mod assets;
mod page;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::CONTENT_SECURITY_POLICY},
    web::ServiceConfig,
};
use askama::Template;

use crate::{
    problem::{Code, Problem},
    services::PublicUrl,
};

pub(crate) use page::PATH as SIGN_IN;

/// The media type of every page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// What is served and is no operation of the document.
pub(crate) const PATHS: [&str; 3] = [page::PATH, assets::SCRIPT, assets::STYLE];

/// A page runs its own script, wears its own style and asks nobody but this service.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The pages and their parts.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(page::sign_in_page).service(assets::script).service(assets::style);
}

/// A page that says why there is nothing to do here.
#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal<'a> {
    base: &'a str,
    title: &'a str,
    text: &'a str,
    code: &'a str,
}

/// A page for a person whom an application has sent here in vain.
pub(crate) fn refusal(url: &PublicUrl, problem: &Problem) -> Result<HttpResponse, Problem> {
    let code = problem.code();
    let page = Refusal { base: url.path(), title: code.title(), text: problem.text(), code: code.as_str() };
    answer(code.status(), &page)
}

/// A page as an answer. What every answer has (`no-store`, `no-referrer`, …) the edge adds.
fn answer(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Problem> {
    let html = page.render().map_err(|error| Problem::new(Code::Internal).caused_by(error))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type(HTML).insert_header((CONTENT_SECURITY_POLICY, POLICY)).body(html))
}
