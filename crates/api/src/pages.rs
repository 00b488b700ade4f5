//! Pages for people. Everything on them comes from this process, and nothing on them is inline.
//!
//! A page is a template (escaped by its name's ending) that extends `base.html`, and a handler that answers with it.

mod assets;
mod forgot;
mod invitation;
mod reset;

use actix_web::{
    HttpResponse,
    http::{
        Method, StatusCode,
        header::{CONTENT_SECURITY_POLICY, RETRY_AFTER},
    },
    web::ServiceConfig,
};
use askama::Template;
use tessera_kernel::Origin;

use crate::{
    problem::{Code, Problem},
    services::PublicUrl,
};

/// The media type of every page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// What a page may do in the browser, beyond wearing our style and showing our mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Send forms, to nobody but this service.
    Forms,
    /// Run our script, which asks nobody but this service, and show the pictures that wallets bring along.
    Script,
}

impl Policy {
    const fn header(self) -> &'static str {
        match self {
            Self::Forms => {
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; object-src 'none'; \
                 base-uri 'none'; frame-ancestors 'none'"
            }
            Self::Script => {
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                 form-action 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
            }
        }
    }
}

/// What is served here, and by which methods.
pub(crate) fn paths() -> Vec<(&'static str, Vec<Method>)> {
    let parts = assets::PATHS.map(|path| (path, vec![Method::GET]));
    let forms = [invitation::ACCEPT, forgot::FORGOT, reset::RESET].map(|path| (path, vec![Method::GET, Method::POST]));
    parts.into_iter().chain(forms).collect()
}

/// The pages and their parts.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.configure(assets::routes).service(invitation::show).service(invitation::accept);
    config.service(forgot::show).service(forgot::ask).service(reset::show).service(reset::set);
}

/// A page as an answer. What every answer has (`no-store`, `no-referrer`, …) the edge adds.
pub(crate) fn answer(policy: Policy, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(|fault| Problem::new(Code::Internal).caused_by(fault))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type(HTML).insert_header((CONTENT_SECURITY_POLICY, policy.header())).body(html))
}

/// A heading and what there is to say.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    base: &'a str,
    title: String,
    lines: Vec<String>,
    onward: Option<Onward>,
}

/// Where a person may go on to.
struct Onward {
    path: &'static str,
    label: &'static str,
}

/// A problem, told to a person.
pub(crate) fn sorry(problem: &Problem, url: &PublicUrl, origin: &Origin) -> Result<HttpResponse, Problem> {
    let (code, detail) = problem.told(origin);
    let mut detail = detail.to_owned();
    if let Some(first) = detail.get(..1) {
        detail = first.to_uppercase() + &detail[1..] + ".";
    }
    let mut lines = vec![detail];
    if code.status().is_server_error() {
        lines.push(format!(
            "Please try again in a moment. If it persists, tell whoever runs this: {}",
            origin.shown_request_id()
        ));
    }
    let onward = (code == Code::ResetInvalid).then_some(forgot::ONWARD);
    let message = Message { base: url.path(), title: code.title().to_owned(), lines, onward };
    let mut page = answer(Policy::Forms, code.status(), &message)?;
    if let Some(seconds) = problem.wait() {
        page.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(page)
}
