//! Counts the requests in progress, and records the duration of each request.

use std::time::Instant;

use actix_web::http::Method;

use crate::{metrics::RequestMetrics, route_table::Route, state::AppState};

/// A request in progress. If nothing collects metrics, it costs no reading of a clock.
pub(crate) struct Measured<'a>(Option<(&'a RequestMetrics, Instant)>);

impl<'a> Measured<'a> {
    pub(crate) fn begin(state: &'a AppState) -> Self {
        Self(state.services.metrics.as_deref().map(|metrics| {
            metrics.requests.begin();
            (&metrics.requests, Instant::now())
        }))
    }

    /// Records the duration until the head of the response. A request whose client disconnects before is not recorded.
    pub(crate) fn complete(&self, method: &Method, route: Option<&Route>, status: u16) {
        if let Some((metrics, begun)) = &self.0 {
            metrics.observe(method, route.map(Route::position), status, begun.elapsed());
        }
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        if let Some((metrics, _)) = &self.0 {
            metrics.end();
        }
    }
}
