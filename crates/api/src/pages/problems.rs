//! The pages that explain problems. The member `type` of a problem is the address of such a page.

mod reference;

use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;

use crate::{
    pages::layout::{Policy, answer},
    problem::{Code, Problem},
    public_url::PublicUrl,
};
use reference::{Explanation, Group};

pub(crate) const PATHS: [&str; 2] = ["/problems", "/problems/{code}"];

/// The list of all problems.
#[derive(Template)]
#[template(path = "problems.html")]
struct ListPage<'a> {
    base: &'a str,
    groups: Vec<Group>,
    /// HTML.
    field_errors: String,
}

/// The page of one problem.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    base: &'a str,
    code: Code,
    explanation: Explanation,
}

#[get("/problems")]
pub(crate) async fn list(url: Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    let base = url.path();
    let page = ListPage { base, groups: reference::groups(), field_errors: reference::field_errors(base) };
    answer(Policy::Forms, StatusCode::OK, &page)
}

#[get("/problems/{code}")]
pub(crate) async fn show(code: Path<String>, url: Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    let base = url.path();
    let code = Code::ALL.iter().copied().find(|known| known.as_str() == *code).ok_or(Code::RouteNotFound)?;
    let explanation = reference::explanation(code, base)
        .ok_or_else(|| Problem::new(Code::Internal).caused_by(format!("docs/errors.md lacks {}", code.as_str())))?;
    answer(Policy::Forms, StatusCode::OK, &ProblemPage { base, code, explanation })
}
