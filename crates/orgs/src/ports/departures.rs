//! Which users left which organization.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, StoreError, UserId};
use time::OffsetDateTime;

/// Departures of users who left by themselves, in a transaction. Callers hold the organization's lock.
#[async_trait]
pub trait Departures: Send {
    /// Records that a user left. It replaces an earlier departure from the same organization. Conflict on
    /// [`StoreError::REFERENCE`] when there is no such user or organization.
    async fn record(&mut self, id: OrganizationId, user: UserId, left_at: OffsetDateTime) -> Result<(), StoreError>;

    /// When the user left the organization. `Ok(None)` when no departure is recorded.
    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Deletes the departure of a user. `Ok(false)` when none is recorded.
    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError>;

    /// Deletes all departures up to and including that time, of all organizations, and returns their number.
    async fn delete_until(&mut self, left_at: OffsetDateTime) -> Result<u64, StoreError>;
}
