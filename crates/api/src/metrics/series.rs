//! The durations of the requests of one route.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tessera_kernel::Histogram;

/// The maximum number of series of one route: combinations of a method and a status.
const PER_ROUTE: usize = 24;

/// The durations of the requests with one method, route and status.
#[derive(Debug, Clone, Copy)]
pub struct RequestSeries<'a> {
    /// A method of RFC 9110 or RFC 5789, or `_OTHER`.
    pub method: &'static str,
    /// The pattern of the route. Empty for a request without a route.
    pub route: &'a str,
    /// The status of the response.
    pub status: u16,
    /// The time from the head of the request to the head of the response.
    pub durations: &'a Histogram,
}

/// A number of series that may still be created.
#[derive(Debug)]
pub(super) struct SeriesBudget(AtomicUsize);

impl SeriesBudget {
    pub(super) const fn new(number: usize) -> Self {
        Self(AtomicUsize::new(number))
    }

    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn give_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Series {
    method: &'static str,
    status: u16,
    durations: Histogram,
}

/// The series of one route, in the order in which they first occurred. Finding one takes no lock, and frequent ones come
/// early.
#[derive(Debug)]
pub(super) struct RouteMetrics {
    route: String,
    series: [OnceLock<Box<Series>>; PER_ROUTE],
}

impl RouteMetrics {
    pub(super) fn new(route: String) -> Self {
        Self { route, series: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// Records a duration. A new series counts in the budget. Returns whether it was not used up.
    pub(super) fn observe(&self, method: &'static str, status: u16, duration: Duration, budget: &SeriesBudget) -> bool {
        let durations = self.find(method, status, budget);
        durations.map(|durations| durations.observe(duration)).is_some()
    }

    fn find(&self, method: &'static str, status: u16, budget: &SeriesBudget) -> Option<&Histogram> {
        for cell in &self.series {
            if cell.get().is_none() {
                if !budget.take() {
                    return None;
                }
                let new = Series { method, status, durations: Histogram::default() };
                // Another thread may have filled the cell meanwhile, with this series or another one.
                if cell.set(Box::new(new)).is_err() {
                    budget.give_back();
                }
            }
            let series = cell.get()?;
            if series.status == status && series.method == method {
                return Some(&series.durations);
            }
        }
        None
    }

    pub(super) fn series(&self) -> impl Iterator<Item = RequestSeries<'_>> {
        let known = self.series.iter().map_while(OnceLock::get);
        known.map(|series| RequestSeries {
            method: series.method,
            route: &self.route,
            status: series.status,
            durations: &series.durations,
        })
    }
}
