//! The access log.

use actix_web::http::Method;
use tessera_kernel::{ClientRequestId, RequestMetadata};
use time::OffsetDateTime;

use crate::{route_table::Route, state::AppState};

/// Logs one line for a request. The route is logged as its pattern, so that no identifier or token of a path is logged.
pub(crate) fn write_line(
    state: &AppState,
    method: &Method,
    route: Option<&Route>,
    status: u16,
    started: OffsetDateTime,
    origin: &RequestMetadata,
) {
    let microseconds = i64::try_from((state.services.system.now() - started).whole_microseconds()).unwrap_or(i64::MAX);
    let route = route.map_or("-", Route::pattern);
    let request_id = origin.request_id.as_str();
    let client_request_id = origin.client_request_id.as_ref().map(ClientRequestId::as_str);
    tracing::info!(method = method.as_str(), route, status, microseconds, request_id, client_request_id, "request");
}
