//! Deletion of expired sign-in page sessions and codes.

use tessera_kernel::{StoreError, delete_in_steps};
use time::Duration;

use crate::service::SingleSignOn;

/// How long sessions and codes are kept after expiry. The audit trail can then report a code that is presented again.
pub const ENDED_SIGN_IN_KEPT: Duration = Duration::hours(1);

impl SingleSignOn {
    /// Deletes sessions and codes that expired more than an hour ago. Returns their number. Any node may call it at any
    /// time.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn forget(&self) -> Result<u64, StoreError> {
        let before = self.ports.store.now().await? - ENDED_SIGN_IN_KEPT;
        delete_in_steps(|most| self.ports.store.delete_ended_sign_ins(before, most)).await
    }
}
