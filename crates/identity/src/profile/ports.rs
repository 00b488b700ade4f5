//! Custom data of users, in a transaction.

use async_trait::async_trait;
use tessera_kernel::{StoreError, UserId, VersionedDocument};

/// Custom data of users, in a transaction. A caller that changes them must hold the lock on the user, so that no change
/// is lost.
#[async_trait]
pub trait CustomDataRows: Send {
    /// Returns the custom data of a user. Returns `Ok(None)` if there are none.
    async fn find(&mut self, user: UserId) -> Result<Option<VersionedDocument>, StoreError>;

    /// Stores the custom data of a user byte for byte and replaces the earlier data. The creation time of the earlier
    /// data stays.
    /// Fails with a conflict on [`StoreError::REFERENCE`] if the user does not exist.
    async fn save(&mut self, user: UserId, data: &VersionedDocument) -> Result<(), StoreError>;
}
