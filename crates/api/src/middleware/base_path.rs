//! Removal of the public URL's path from request paths.
//!
//! A reverse proxy may remove this path or leave it in place. The service accepts both.

use actix_web::{
    dev::{ServiceRequest, Url},
    http::{Uri, uri::PathAndQuery},
};

use crate::state::AppState;

/// Removes the path of the public URL if the request path starts with it and the rest matches a route. The second
/// condition protects routes that start with the same segments, such as `/api/v1` under `https://host/api`.
pub(crate) fn remove(state: &AppState, request: &mut ServiceRequest) {
    let Some(uri) = without(state.services.public_url.path(), request.uri()) else { return };
    let url = Url::new(uri.clone());
    if state.routes.find(url.path()).is_some() {
        *request.match_info_mut().get_mut() = url;
        request.head_mut().uri = uri;
    }
}

/// Returns the path without the path of the public URL.
pub(crate) fn relative<'a>(base: &str, path: &'a str) -> &'a str {
    path.strip_prefix(base).filter(|rest| rest.starts_with('/')).unwrap_or(path)
}

/// Returns the URI without the base path, or `None` if it does not start with it.
fn without(base: &str, uri: &Uri) -> Option<Uri> {
    if base.is_empty() {
        return None;
    }
    let whole = uri.path_and_query()?.as_str();
    // `/accountsx` does not start with the segment `/accounts`.
    let rest = whole.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']))?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(rest).ok()?);
    Uri::from_parts(parts).ok()
}
