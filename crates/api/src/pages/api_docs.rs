//! The OpenAPI document and the page that shows it. All parts of the page come from this process.

use std::{borrow::Cow, sync::Arc};

use actix_web::{
    HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION},
    web::{Bytes, Data, Path, ServiceConfig},
};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::{
    problem::{Code, Problem},
    public_url::PublicUrl,
    state::AppState,
};

/// The paths that are not operations of the document.
pub(crate) const PATHS: [&str; 3] = ["/openapi.json", "/docs", "/docs/{file:.*}"];

/// The stylesheet embeds icons as `data:` URLs. Everything else comes from this service, and nothing is inline.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The document, the page and its assets.
pub(crate) fn routes(config: &mut ServiceConfig, url: &PublicUrl) {
    // The validator badge would be loaded from another host.
    let viewer = Config::from(format!("{}/openapi.json", url.path())).validator_url("none");
    config.app_data(Data::new(viewer)).service(document).service(page).service(part);
}

#[get("/openapi.json")]
pub(crate) async fn document(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(state.document.clone())
}

#[get("/docs")]
pub(crate) async fn page(viewer: Data<Config<'static>>, url: Data<PublicUrl>) -> Result<HttpResponse, Problem> {
    let html = asset("index.html", &viewer)?;
    let html = String::from_utf8_lossy(&html.bytes).replace("href=\"index.css\"", "href=\"./index.css\"");
    // The URL of the page has no trailing slash, so paths relative to it would not find the assets.
    let html = html.replace("=\"./", &format!("=\"{}/docs/", url.path()));
    Ok(answer("text/html; charset=utf-8", html.into()))
}

#[get("/docs/{file:.*}")]
pub(crate) async fn part(
    file: Path<String>,
    viewer: Data<Config<'static>>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    if file.is_empty() {
        let location = format!("{}/docs", url.path());
        return Ok(HttpResponse::PermanentRedirect().insert_header((LOCATION, location)).finish());
    }
    let part = asset(&file, &viewer)?;
    let bytes = match part.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Ok(answer(&part.content_type, bytes))
}

fn asset(file: &str, viewer: &Data<Config<'static>>) -> Result<SwaggerFile<'static>, Problem> {
    let viewer: Arc<Config<'static>> = Arc::clone(viewer);
    let found = utoipa_swagger_ui::serve(file, viewer)
        .map_err(|error| Problem::new(Code::Internal).caused_by(error.to_string()))?;
    found.ok_or_else(|| Code::RouteNotFound.into())
}

fn answer(kind: &str, body: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(body)
}
