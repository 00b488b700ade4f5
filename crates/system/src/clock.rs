//! System clock.

use tessera_kernel::{Clock, truncate_to_micros};
use time::OffsetDateTime;

/// The system clock, truncated to microseconds, which both databases can store.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "all other code reads the time through the port")]
    fn now(&self) -> OffsetDateTime {
        truncate_to_micros(OffsetDateTime::now_utc())
    }
}
