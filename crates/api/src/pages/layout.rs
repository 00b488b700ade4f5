//! The frame of every page: the media type, the content security policy, a message, a problem.
//!
//! A page is a template (escaped by its name's ending) that extends `base.html`, and a handler that answers with it.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, RETRY_AFTER},
    },
};
use askama::Template;
use tessera_kernel::Origin;

use crate::{
    problem::{Code, Problem},
    public_url::PublicUrl,
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

/// A page as an answer. What every answer has (`no-store`, `no-referrer`, …) the edge adds.
pub(crate) fn answer(policy: Policy, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(|fault| Problem::new(Code::Internal).caused_by(fault))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type(HTML).insert_header((CONTENT_SECURITY_POLICY, policy.header())).body(html))
}

/// A heading and what there is to say.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message<'a> {
    pub(crate) base: &'a str,
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) onward: Option<Onward>,
}

/// Where a person may go on to.
pub(crate) struct Onward {
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
}

/// Where a person whose reset link is no longer valid asks for another.
const ANOTHER_LINK: Onward = Onward { path: "/password/forgot", label: "Ask for a new link" };

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
    let onward = (code == Code::ResetInvalid).then_some(ANOTHER_LINK);
    let message = Message { base: url.path(), title: code.title().to_owned(), lines, onward };
    let mut page = answer(Policy::Forms, code.status(), &message)?;
    if let Some(seconds) = problem.wait() {
        page.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(page)
}
