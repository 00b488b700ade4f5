//! The start page, which says what this service is.

use actix_web::{HttpResponse, get, http::StatusCode, web::Data};
use askama::Template;

use crate::{
    pages::{
        frame::Frame,
        layout::{HOME, Policy, answer},
    },
    problem::Problem,
    state::AppState,
};

pub(crate) const PATH: &str = HOME;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
}

#[get("/")]
pub(crate) async fn show(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    answer(Policy::Text, StatusCode::OK, &HomePage { frame: state.frame() })
}
