//! Deletion of expired enrollments and interrupted operations.

use tessera_kernel::{StoreError, delete_in_steps};

use crate::Identity;

impl Identity {
    /// Deletes TOTP secrets that were not confirmed in time, and operations that no second factor has completed in time.
    /// Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_expired_factor_rows(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.factors.delete_expired_factor_rows(most)).await
    }
}
