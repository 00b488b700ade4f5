//! The page on which people sign in to applications, and what they are told when there is no such page for them.

mod page;

use actix_web::{
    HttpResponse,
    http::header::{HeaderValue, RETRY_AFTER, VARY},
    web::ServiceConfig,
};
use askama::Template;
use tessera_kernel::Origin;

use crate::{
    pages::{Policy, answer, sorry},
    problem::Problem,
    services::PublicUrl,
};

pub(crate) use page::PATH as SIGN_IN;

/// The page. Its parts are served with those of all pages.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(page::sign_in_page);
}

/// Why a sign-in can't begin, where the application is at fault.
#[derive(Template)]
#[template(path = "refusal.html")]
struct Refusal<'a> {
    base: &'a str,
    service: &'a str,
    title: &'a str,
    text: &'a str,
    code: &'a str,
}

/// A page for a person whom an application has sent here in vain. Other clients get the problem itself.
pub(crate) fn refusal(url: &PublicUrl, problem: &Problem, origin: &Origin) -> Result<HttpResponse, Problem> {
    let mut page = if problem.code().status().is_server_error() {
        sorry(problem, url, origin)?
    } else {
        let (code, text) = problem.told(origin);
        let (base, service) = (url.path(), page::site(url.origin()));
        let refusal = Refusal { base, service, title: code.title(), text, code: code.as_str() };
        answer(Policy::Script, code.status(), &refusal)?
    };
    if let Some(seconds) = problem.wait() {
        page.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    page.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(page)
}
