//! A clock that stands still.

use std::sync::{Mutex, PoisonError};

use tessera_kernel::{Clock, truncate_to_micros};
use time::{Duration, OffsetDateTime};

/// Shows one time until a test moves it.
#[derive(Debug)]
pub struct FixedClock(Mutex<OffsetDateTime>);

impl FixedClock {
    /// The time that a new clock shows.
    pub const NOW: OffsetDateTime = time::macros::datetime!(2025-03-14 15:09:26.535_897 UTC);

    /// A clock that shows this time, in whole microseconds.
    #[must_use]
    pub const fn new(now: OffsetDateTime) -> Self {
        Self(Mutex::new(now))
    }

    /// Shows another time from now on.
    pub fn set(&self, now: OffsetDateTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves on, or back.
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
