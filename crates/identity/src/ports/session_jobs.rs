//! What jobs do to sessions.

use async_trait::async_trait;
use tessera_kernel::{SessionId, StoreError};
use time::OffsetDateTime;

/// What jobs do to sessions. No call waits for a transaction that holds the row of a session.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionJobs: Send + Sync {
    /// Records when sessions were last used. A later time stays as it is. Sessions that do not exist, or whose row another
    /// transaction holds, are skipped. Nothing else about a session changes.
    async fn record_uses(&self, uses: &[(SessionId, OffsetDateTime)]) -> Result<(), StoreError>;

    /// Deletes up to `most` sessions that ended or expired at that time or before, those that ended first, and returns the
    /// number. Rows that another transaction holds are skipped.
    async fn delete_ended(&self, until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}
