//! The start page, which says what this service is.

use actix_web::{HttpResponse, get, http::StatusCode, web::Data};
use askama::Template;
use tessera_sso::model::destination;

use crate::{
    pages::layout::{HOME, Policy, answer},
    problem::Problem,
    public_url::PublicUrl,
};

pub(crate) const PATH: &str = HOME;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    base: &'a str,
    service: &'a str,
}

#[get("/")]
pub(crate) async fn show(url: Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    answer(Policy::Forms, StatusCode::OK, &HomePage { base: url.path(), service: destination(url.origin()) })
}
