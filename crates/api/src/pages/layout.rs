//! The layout of every page: media type, content security policy, message page, problem page.
//!
//! A page is a template that extends `base.html`, and a handler that renders it. The file extension of the template
//! turns on escaping.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_SECURITY_POLICY, HeaderValue, RETRY_AFTER},
    },
};
use askama::Template;
use tessera_kernel::RequestMetadata;

use crate::{
    pages::frame::Frame,
    problem::{Code, Problem},
};

/// The media type of every page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// What a page may do in the browser, in addition to loading the stylesheet and the logo of this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Load nothing else and send nothing.
    Text,
    /// Run the script of this service, and send forms to this service only.
    Forms,
    /// Run the script of this service, send requests to this service only, and show the icons of wallets.
    Script,
}

impl Policy {
    const fn header(self) -> &'static str {
        match self {
            Self::Text => {
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; object-src 'none'; \
                 base-uri 'none'; frame-ancestors 'none'"
            }
            Self::Forms => {
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; object-src 'none'; \
                 base-uri 'none'; frame-ancestors 'none'"
            }
            Self::Script => {
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                 form-action 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
            }
        }
    }
}

/// Returns a page as a response. The middleware adds the headers of every response (`no-store`, `no-referrer`, …).
pub(crate) fn answer(policy: Policy, status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = render(template)?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type(HTML).insert_header((CONTENT_SECURITY_POLICY, policy.header())).body(html))
}

pub(crate) fn render(template: &impl Template) -> Result<String, Problem> {
    template.render().map_err(|fault| Problem::new(Code::Internal).caused_by(fault))
}

/// A page with a heading and paragraphs.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message<'a> {
    pub(crate) frame: Frame<'a>,
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    pub(crate) onward: Option<Onward>,
}

/// A link to another page.
pub(crate) struct Onward {
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
}

/// The path of the page for reset requests. The problem page links to it too.
pub(crate) const FORGOT: &str = "/password/forgot";

/// The path of the start page. The page for unknown paths links to it too.
pub(crate) const HOME: &str = "/";

/// The link to request a new reset link after the old one has become invalid.
const ANOTHER_LINK: Onward = Onward { path: FORGOT, label: "Ask for a new link" };

/// The link from a page that does not exist.
const START: Onward = Onward { path: HOME, label: "Go to the start page" };

/// Returns a page that describes a problem.
pub(crate) fn problem_page(
    problem: &Problem,
    frame: Frame<'_>,
    origin: &RequestMetadata,
) -> Result<HttpResponse, Problem> {
    let (code, detail) = problem.log_and_describe(origin);
    let (mut title, mut detail) = (code.title(), detail.to_owned());
    if code == Code::RouteNotFound {
        (title, detail) = ("Page not found", "this address has no page; check it for typing errors".to_owned());
    }
    if let Some(first) = detail.get(..1) {
        detail = first.to_uppercase() + &detail[1..] + ".";
    }
    let mut lines = vec![detail];
    if code.status().is_server_error() {
        lines.push(format!(
            "Please try again in a moment. If it persists, give the operator this request id: {}",
            origin.shown_request_id()
        ));
    }
    let onward = match code {
        Code::InvalidResetToken => Some(ANOTHER_LINK),
        Code::RouteNotFound => Some(START),
        _ => None,
    };
    let message = Message { frame, title: title.to_owned(), lines, onward };
    let mut page = answer(Policy::Text, code.status(), &message)?;
    if let Some(seconds) = problem.wait() {
        page.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    if let Some(methods) = problem.allowed().and_then(|methods| HeaderValue::from_str(methods).ok()) {
        page.headers_mut().insert(ALLOW, methods);
    }
    Ok(page)
}
