//! Pages for people. Everything on them comes from this process, nothing on them is inline, and they work without scripts.
//!
//! A page is a template (escaped by its name's ending) that extends `base.html`, and a handler that answers with [`page`].

mod invitation;

use actix_web::{
    HttpResponse, get,
    http::{
        Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    },
    web::ServiceConfig,
};
use askama::Template;
use tessera_kernel::RequestId;

use crate::{
    problem::{Code, Problem},
    services::PublicUrl,
    sign_on::HTML,
};

/// Nothing but our own stylesheet, and forms that go nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; object-src 'none'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// What is served here, and by which methods.
pub(crate) fn paths() -> Vec<(&'static str, Vec<Method>)> {
    vec![(STYLE, vec![Method::GET]), (invitation::ACCEPT, vec![Method::GET, Method::POST])]
}

/// The pages and their parts.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(style).service(invitation::show).service(invitation::accept);
}

const STYLE: &str = "/pages/style.css";

#[get("/pages/style.css")]
async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(include_str!("pages/style.css"))
}

/// A page as an answer.
fn page(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Problem> {
    let html = template.render().map_err(|fault| Problem::new(Code::Internal).caused_by(fault.to_string()))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.content_type(HTML).insert_header((CONTENT_SECURITY_POLICY, POLICY)).body(html))
}

/// A heading and what there is to say.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    base: &'a str,
    title: String,
    lines: Vec<String>,
}

/// A problem, told to a person.
fn sorry(problem: &Problem, url: &PublicUrl, request_id: &RequestId) -> Result<HttpResponse, Problem> {
    let (code, detail) = problem.told(request_id);
    let mut detail = detail.to_owned();
    if let Some(first) = detail.get(..1) {
        detail = first.to_uppercase() + &detail[1..] + ".";
    }
    let mut lines = vec![detail];
    if code.status().is_server_error() {
        lines.push(format!(
            "Please try again in a moment. If it persists, tell whoever runs this: {}",
            request_id.as_str()
        ));
    }
    let message = Message { base: url.path(), title: code.title().to_owned(), lines };
    page(code.status(), &message)
}
