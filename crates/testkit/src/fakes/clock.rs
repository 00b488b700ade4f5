//! Fake clock with a fixed time.

use std::sync::{Mutex, PoisonError};

use tessera_kernel::{Clock, truncate_to_micros};
use time::{Duration, OffsetDateTime};

/// Returns the same time until a test changes it.
#[derive(Debug)]
pub struct FixedClock(Mutex<OffsetDateTime>);

impl FixedClock {
    /// The initial time of a new clock.
    pub const NOW: OffsetDateTime = time::macros::datetime!(2025-03-14 15:09:26.535_897 UTC);

    /// Creates a clock with the given time, in whole microseconds.
    #[must_use]
    pub const fn new(now: OffsetDateTime) -> Self {
        Self(Mutex::new(now))
    }

    /// Sets the time.
    pub fn set(&self, now: OffsetDateTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves the time forward, or backward if the duration is negative.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new(Self::NOW)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        truncate_to_micros(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
