//! Requests in progress, and the durations of completed requests.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actix_web::http::Method;

use super::series::{RequestSeries, RouteMetrics, SeriesBudget};

/// The maximum number of series of successful requests, of requests that the service rejected, and of those that failed.
/// Each kind has its own budget, because a client without a credential can cause as many rejections as there are routes.
/// A series is a histogram of 17 lines, and all metrics together have at most 3,000 lines.
const SUCCEEDED: usize = 66;
const REJECTED: usize = 36;
const FAILED: usize = 14;

/// The maximum number of series without a method and a route, for requests that exceed these.
const OVERFLOW: usize = 24;

/// The label of a method or route that has no series of its own.
const OTHER: &str = "_OTHER";

/// The requests of all workers.
#[derive(Debug)]
pub struct RequestMetrics {
    active: ActiveRequests,
    /// First the requests without a route, then the routes in the order of the route table.
    routes: OnceLock<Box<[RouteMetrics]>>,
    overflow: RouteMetrics,
    succeeded: SeriesBudget,
    rejected: SeriesBudget,
    failed: SeriesBudget,
    overflow_budget: SeriesBudget,
}

/// Every worker changes this number twice for each request, so it has cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct ActiveRequests(AtomicI64);

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            active: ActiveRequests::default(),
            routes: OnceLock::new(),
            overflow: RouteMetrics::new(OTHER.to_owned()),
            succeeded: SeriesBudget::new(SUCCEEDED),
            rejected: SeriesBudget::new(REJECTED),
            failed: SeriesBudget::new(FAILED),
            overflow_budget: SeriesBudget::new(OVERFLOW),
        }
    }
}

impl RequestMetrics {
    /// Sets the patterns of the routes, once.
    pub(crate) fn set_routes<'a>(&self, patterns: impl Iterator<Item = &'a str>) {
        self.routes.get_or_init(|| [""].into_iter().chain(patterns).map(|p| RouteMetrics::new(p.to_owned())).collect());
    }

    pub(crate) fn begin(&self) {
        self.active.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.active.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// Records a completed request. `route` is the position of its route in the route table.
    ///
    /// Preflights count without their route: browsers send them without a credential, so they must not take the series of
    /// the operations.
    pub(crate) fn observe(&self, method: &Method, route: Option<usize>, status: u16, duration: Duration) {
        let route = route.filter(|_| method != Method::OPTIONS);
        let budget = match status {
            ..400 => &self.succeeded,
            400..500 => &self.rejected,
            _ => &self.failed,
        };
        let routes = self.routes.get().map(AsRef::as_ref).unwrap_or_default();
        let metrics = routes.get(route.map_or(0, |position| position + 1));
        if !metrics.is_some_and(|metrics| metrics.observe(label_of(method), status, duration, budget)) {
            self.overflow.observe(OTHER, status, duration, &self.overflow_budget);
        }
    }

    /// Returns the number of requests in progress.
    pub fn active(&self) -> i64 {
        self.active.0.load(Ordering::Relaxed)
    }

    /// Returns all series that have occurred.
    pub fn series(&self) -> impl Iterator<Item = RequestSeries<'_>> {
        let routes = self.routes.get().map(AsRef::as_ref).unwrap_or_default();
        routes.iter().chain([&self.overflow]).flat_map(RouteMetrics::series)
    }
}

/// The label of a method. Clients may send any word as a method.
pub(crate) fn label_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn observed(metrics: &RequestMetrics) -> BTreeMap<(&'static str, String, u16), u64> {
        let count = |series: &RequestSeries<'_>| series.durations.buckets().iter().map(|(_, count)| count).sum();
        metrics
            .series()
            .map(|series| ((series.method, series.route.to_owned(), series.status), count(&series)))
            .collect()
    }

    #[test]
    fn requests_are_counted_by_method_route_and_status() {
        let metrics = RequestMetrics::default();
        metrics.set_routes(["/a", "/b/{id}"].into_iter());
        let unknown = Method::from_bytes(b"BREW").unwrap_or_default();
        for (method, route, status) in [
            (&Method::GET, Some(1), 200),
            (&Method::GET, Some(1), 200),
            (&unknown, None, 404),
            (&Method::PUT, Some(0), 503),
        ] {
            metrics.observe(method, route, status, MILLISECOND);
        }
        let series = |method, route: &str, status| (method, route.to_owned(), status);
        let expected =
            [(series("GET", "/b/{id}", 200), 2), (series("_OTHER", "", 404), 1), (series("PUT", "/a", 503), 1)];
        assert_eq!(observed(&metrics), BTreeMap::from(expected));
    }

    #[test]
    fn the_number_of_series_is_bounded_and_no_request_is_lost() {
        let metrics = RequestMetrics::default();
        let patterns: Vec<String> = (0..200).map(|number| format!("/{number}")).collect();
        metrics.set_routes(patterns.iter().map(String::as_str));
        let methods = [Method::GET, Method::POST, Method::DELETE];
        let statuses = [200, 401, 404, 503];
        for route in 0..200 {
            for method in &methods {
                for status in statuses {
                    metrics.observe(method, Some(route), status, MILLISECOND);
                }
            }
        }
        let observed = observed(&metrics);
        assert_eq!(observed.len(), SUCCEEDED + REJECTED + FAILED + statuses.len());
        assert_eq!(observed.values().sum::<u64>(), 200 * 3 * 4);
        // A client that is rejected everywhere uses nothing of the budget of failures.
        assert!(observed.contains_key(&("GET", "/0".to_owned(), 503)));
        assert_eq!(observed.get(&(OTHER, OTHER.to_owned(), 401)), Some(&(600 - REJECTED as u64 / 2)));
    }

    #[test]
    fn threads_that_meet_a_series_first_share_it() {
        let metrics = RequestMetrics::default();
        metrics.set_routes(["/a"].into_iter());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for status in (200..210).chain(500..505) {
                        metrics.observe(&Method::GET, Some(0), status, MILLISECOND);
                    }
                });
            }
        });
        let observed = observed(&metrics);
        assert!(observed.len() == 15 && observed.values().all(|count| *count == 4), "{observed:?}");
    }
}
