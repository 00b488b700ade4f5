//! Retention of proofs, changes and pending registrations.

use tessera_kernel::{StoreError, delete_in_steps};

use crate::Identity;

impl Identity {
    /// Deletes expired proofs, changes of address and registrations. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_expired_verifications(&self) -> Result<u64, StoreError> {
        delete_in_steps(|most| self.ports.addresses.delete_expired(most)).await
    }
}
