//! The ports for the current time.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::StoreError;

/// The clock of the node. All code that needs the time gets it from this port and never reads the system clock itself.
pub trait Clock: Send + Sync {
    /// The current time in UTC, in whole microseconds, which is the precision of both databases.
    fn now(&self) -> OffsetDateTime;
}

/// The clock of the storage. All nodes read the same time from it, even if their own clocks differ. Challenges and
/// codes may be issued by one node and redeemed by another, so they use this clock. All ports of a storage have one
/// clock, and its times never decrease.
#[async_trait]
pub trait StoreClock: Send + Sync {
    /// The current time in UTC, in whole microseconds.
    async fn now(&self) -> Result<OffsetDateTime, StoreError>;
}

/// Truncates a time to whole microseconds, so that the value read from storage equals the value written.
#[must_use]
pub fn truncate_to_micros(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_nanosecond(time.microsecond() * 1_000).unwrap_or(time)
}
