//! Departures of users from organizations.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, StoreError, UserId};
use time::OffsetDateTime;

/// Departures of users who left by themselves, in a transaction. The caller must hold the lock on the organization.
#[async_trait]
pub trait Departures: Send {
    /// Records that a user left. Replaces an earlier departure from the same organization. Fails with a conflict on
    /// [`StoreError::REFERENCE`] if the user or the organization does not exist.
    async fn record(&mut self, id: OrganizationId, user: UserId, left_at: OffsetDateTime) -> Result<(), StoreError>;

    /// Returns when the user left the organization. Returns `Ok(None)` if no departure is recorded.
    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Deletes the departure of a user. Returns `Ok(false)` if none is recorded.
    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError>;

    /// Deletes all departures up to and including that time, of all organizations. Returns their number.
    async fn delete_until(&mut self, left_at: OffsetDateTime) -> Result<u64, StoreError>;
}
