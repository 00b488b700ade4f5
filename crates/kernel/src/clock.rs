//! The one way to the time.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::StoreError;

/// Tells the time. Everything that needs it holds one; nothing reads the system clock by itself.
pub trait Clock: Send + Sync {
    /// The current time in UTC, in whole microseconds: both databases keep those and no more.
    fn now(&self) -> OffsetDateTime;
}

/// The clock of the storage. All nodes are told the same, however wrong their own clocks are: what one of them hands out for
/// a time, another can judge.
#[async_trait]
pub trait StoreClock: Send + Sync {
    /// The current time in UTC, in whole microseconds.
    async fn now(&self) -> Result<OffsetDateTime, StoreError>;
}

/// Cuts a time down to whole microseconds, so that it comes back from storage equal to what went in.
#[must_use]
pub fn truncate_to_micros(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(time.microsecond() * 1_000).unwrap_or(time)
}
