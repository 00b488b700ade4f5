//! The counters of the limits of keys.

use async_trait::async_trait;
use tessera_kernel::{ApiKeyId, StoreError};
use time::OffsetDateTime;

use crate::model::{LimitName, UseLimit};

/// The requests of one limit of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowCounter {
    /// The requests that nodes have taken in the window.
    pub taken: u32,
    /// The start of the window.
    pub since: OffsetDateTime,
}

impl WindowCounter {
    /// The counter of a limit that was not used yet.
    pub const UNUSED: Self = Self { taken: 0, since: OffsetDateTime::UNIX_EPOCH };
}

/// The counters in a transaction. Every read locks its counter until the transaction ends, so that of two transactions that
/// read the same counter the second waits. Each read also returns the time by the clock of the storage.
#[async_trait]
pub trait KeyCounters: Send {
    /// Returns the remaining uses of a key. `Ok(None)` if it has no such limit or does not exist.
    async fn lock_uses(&mut self, key: ApiKeyId) -> Result<Option<(UseLimit, OffsetDateTime)>, StoreError>;

    /// Replaces the number of remaining uses and its start. The caller has locked it.
    async fn set_uses(&mut self, key: ApiKeyId, uses: UseLimit) -> Result<(), StoreError>;

    /// Returns the counter of a limit of a key. It exists, unused, from the time at which the limit is
    /// added to the key.
    /// `Ok(None)` if the key has no limit of that name or does not exist.
    async fn lock_window(
        &mut self,
        key: ApiKeyId,
        name: &LimitName,
    ) -> Result<Option<(WindowCounter, OffsetDateTime)>, StoreError>;

    /// Replaces the counter of a limit of a key. The caller has locked it.
    async fn set_window(&mut self, key: ApiKeyId, name: &LimitName, counter: WindowCounter) -> Result<(), StoreError>;
}
