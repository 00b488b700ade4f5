//! Counters and histograms of a process. They know no exposition format, so the code that counts does not depend on the
//! code that reports.
//!
//! All operations are relaxed atomic additions. Readers may see one addition before another; sums are exact.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper bounds of the buckets of every histogram, in microseconds. Above the last one there is a bucket without a
/// bound.
const BOUNDS: [u32; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];

/// The number of buckets of a histogram.
const BUCKETS: usize = BOUNDS.len() + 1;

/// A number that only grows. It has two cache lines of its own, so that threads that count different things do not wait
/// for each other; processors fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a number.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// Returns the number.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Durations, counted in buckets.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS],
    /// In nanoseconds: enough for 584 years.
    sum: AtomicU64,
}

impl Histogram {
    /// Adds a duration.
    pub fn observe(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| u64::from(*bound) * 1_000 < nanoseconds);
        if let Some(count) = self.counts.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Returns the upper bound of each bucket in seconds, with the number of durations in it that are in no lower bucket.
    pub fn buckets(&self) -> [(f64, u64); BUCKETS] {
        std::array::from_fn(|index| {
            let bound = BOUNDS.get(index).map_or(f64::INFINITY, |bound| f64::from(*bound) / 1e6);
            (bound, self.counts[index].load(Ordering::Relaxed))
        })
    }

    /// Returns the sum of all durations.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let histogram = Histogram::default();
        let durations =
            [Duration::ZERO, Duration::from_micros(500), Duration::from_nanos(500_001), Duration::from_secs(11)];
        for duration in durations {
            histogram.observe(duration);
        }
        let buckets = histogram.buckets();
        let filled: Vec<(f64, u64)> = buckets.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0.0005, 2), (0.001, 1), (f64::INFINITY, 1)]);
        assert_eq!(histogram.sum(), durations.iter().sum::<Duration>());
    }

    #[test]
    fn no_addition_of_several_threads_is_lost() {
        let (counter, histogram) = (Counter::default(), Histogram::default());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counter.increment();
                        histogram.observe(Duration::from_micros(1));
                    }
                });
            }
        });
        let observed: u64 = histogram.buckets().iter().map(|(_, count)| count).sum();
        assert_eq!((counter.value(), observed, histogram.sum()), (4_000, 4_000, Duration::from_millis(4)));
    }
}
