//! Port of the jobs that update and delete sessions.

use async_trait::async_trait;
use tessera_kernel::{SessionId, StoreError};
use time::OffsetDateTime;

/// Updates and deletes sessions. No call waits for a transaction that has locked the row of a session.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SessionJobs: Send + Sync {
    /// Records when sessions were last used. A later recorded time stays. Sessions that do not exist, or whose row
    /// another transaction has locked, are skipped. Nothing else about a session changes.
    async fn record_uses(&self, uses: &[(SessionId, OffsetDateTime)]) -> Result<(), StoreError>;

    /// Deletes up to `most` sessions that ended or expired at or before that time. Those that ended first are deleted
    /// first. Rows that another transaction has locked are skipped. Returns the number of deleted sessions.
    async fn delete_ended(&self, until: OffsetDateTime, most: u32) -> Result<u64, StoreError>;
}
