//! One time for all nodes.

use async_trait::async_trait;
use tessera_kernel::StoreError;
use time::OffsetDateTime;

/// The clock of the storage. All nodes are told the same, however wrong their own clocks are: what one of them hands out for
/// a time, another can judge.
#[async_trait]
pub trait StoreClock: Send + Sync {
    /// The current time in UTC, in whole microseconds.
    async fn now(&self) -> Result<OffsetDateTime, StoreError>;
}
