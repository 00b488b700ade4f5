//! The OpenAPI document and the page that shows it. All parts of the page come from this process.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CONTENT_SECURITY_POLICY, LOCATION},
    web::{Data, Path, ServiceConfig},
};
use askama::Template;

use crate::{
    pages::{
        frame::Frame,
        layout::{HTML, render},
    },
    problem::{Code, Problem},
    state::AppState,
};

/// The paths that are not operations of the document.
pub(crate) const PATHS: [&str; 3] = ["/openapi.json", "/docs", "/docs/{file:.*}"];

/// The stylesheet embeds icons as `data:` URLs. Everything else comes from this service, and nothing is inline.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The document, the page and its files.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(show_document).service(page).service(part);
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage<'a> {
    frame: Frame<'a>,
}

#[get("/openapi.json")]
pub(crate) async fn show_document(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    state.documentation.document().respond(&request)
}

#[get("/docs")]
pub(crate) async fn page(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let html = render(&DocsPage { frame: state.frame() })?;
    Ok(HttpResponse::Ok().content_type(HTML).insert_header((CONTENT_SECURITY_POLICY, POLICY)).body(html))
}

#[get("/docs/{file:.*}")]
pub(crate) async fn part(
    file: Path<String>,
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    if file.is_empty() {
        let location = format!("{}/docs", state.services.public_url.path());
        return Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish());
    }
    let found = state.documentation.file(&file).ok_or(Code::RouteNotFound)?;
    Ok(found.respond(&request))
}
