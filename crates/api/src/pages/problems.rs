//! The pages that explain problems. The member `type` of a problem is the address of such a page.

mod reference;

use actix_web::{
    HttpResponse, get,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;

use crate::{
    pages::{
        frame::Frame,
        layout::{Policy, answer},
    },
    problem::{Code, Problem},
    state::AppState,
};
use reference::{Explanation, Group};

pub(crate) const PATHS: [&str; 2] = ["/problems", "/problems/{code}"];

/// The list of all problems.
#[derive(Template)]
#[template(path = "problems.html")]
struct ListPage<'a> {
    frame: Frame<'a>,
    groups: Vec<Group>,
    /// HTML.
    field_errors: String,
}

/// The page of one problem.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame<'a>,
    code: Code,
    explanation: Explanation,
}

#[get("/problems")]
pub(crate) async fn list(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let frame = state.frame();
    let page = ListPage { frame, groups: reference::groups(), field_errors: reference::field_errors(frame.base) };
    answer(Policy::Text, StatusCode::OK, &page)
}

#[get("/problems/{code}")]
pub(crate) async fn show(code: Path<String>, state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let frame = state.frame();
    let code = Code::ALL.iter().copied().find(|known| known.as_str() == *code).ok_or(Code::RouteNotFound)?;
    let explanation = reference::explanation(code, frame.base)
        .ok_or_else(|| Problem::new(Code::Internal).caused_by(format!("docs/errors.md lacks {}", code.as_str())))?;
    answer(Policy::Text, StatusCode::OK, &ProblemPage { frame, code, explanation })
}
