//! Retention of device tokens.

use tessera_kernel::{StoreError, delete_in_steps};

use crate::Identity;

impl Identity {
    /// Deletes the device tokens that have expired. Returns their number.
    ///
    /// # Errors
    /// When storage fails.
    pub async fn delete_expired_device_tokens(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.device_jobs.delete_expired_tokens(most)).await
    }
}
