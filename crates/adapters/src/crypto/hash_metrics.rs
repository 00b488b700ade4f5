//! What the gate of password hashes counts.

use tessera_kernel::{Counter, Gauge, Histogram};

/// The counters of password hashing on a node.
#[derive(Debug, Default)]
pub struct HashMetrics {
    /// The time of a hash or a comparison, without the wait for it.
    pub durations: Histogram,
    /// Work that waits for a place: hashes, and estimates of the strength of a password.
    pub waiting: Gauge,
    /// Work that found the queue full, or was displaced from it.
    pub full: Counter,
    /// Work that waited until the deadline.
    pub timeouts: Counter,
}

/// Work that waits for a place, until it is dropped.
pub(super) struct Waiting<'a>(Option<&'a HashMetrics>);

impl<'a> Waiting<'a> {
    pub(super) fn begin(metrics: Option<&'a HashMetrics>) -> Self {
        if let Some(metrics) = metrics {
            metrics.waiting.add(1);
        }
        Self(metrics)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(metrics) = self.0 {
            metrics.waiting.add(-1);
        }
    }
}
