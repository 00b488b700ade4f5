//! The path of the public URL in front of every path of the service.
//!
//! A reverse proxy may remove it before it passes a request on, or leave it in place: the service is reachable both ways.

use actix_web::{
    dev::{ServiceRequest, Url},
    http::{Uri, uri::PathAndQuery},
};

use crate::state::AppState;

/// Removes the path of the public URL from the request's path, if it is there and a route matches what is left. The second
/// condition keeps a path of the service that begins with the same words, such as `/api/v1` under `https://host/api`.
pub(crate) fn remove(state: &AppState, request: &mut ServiceRequest) {
    let Some(uri) = without(state.services.public_url.path(), request.uri()) else { return };
    let url = Url::new(uri.clone());
    if state.routes.find(url.path()).is_some() {
        *request.match_info_mut().get_mut() = url;
        request.head_mut().uri = uri;
    }
}

/// The path without the path of the public URL in front, if it is there.
pub(crate) fn relative<'a>(base: &str, path: &'a str) -> &'a str {
    path.strip_prefix(base).filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// The address without that path. `None` when it does not begin with it.
fn without(base: &str, uri: &Uri) -> Option<Uri> {
    if base.is_empty() {
        return None;
    }
    let whole = uri.path_and_query()?.as_str();
    // `/accounts` is no part of `/accountsx`.
    let rest = whole.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(rest).ok()?);
    Uri::from_parts(parts).ok()
}
