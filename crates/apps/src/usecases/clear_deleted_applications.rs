//! Removal of the rows that deleted applications left.

use tessera_kernel::{StoreError, delete_in_steps};

use crate::Apps;

impl Apps {
    /// Removes rows of deleted applications in small steps, and returns their number. The next call continues with the
    /// remaining rows. Every node may call this at any time.
    ///
    /// # Errors
    /// Storage failed. The next call continues.
    pub async fn clear_deleted_applications(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.store.clear_deleted(most)).await
    }
}
