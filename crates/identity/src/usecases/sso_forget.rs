//! What is over is forgotten.

use tessera_kernel::{StoreError, delete_in_steps};
use time::Duration;

use crate::SingleSignOn;

/// How long sessions and codes are kept beyond their end: a code that comes twice is to be noticed.
const KEPT: Duration = Duration::hours(1);

impl SingleSignOn {
    /// Removes what ended more than an hour ago, and says how many rows that were. Any node may do it at any time.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn forget(&self) -> Result<u64, StoreError> {
        let before = self.ports.store.now().await? - KEPT;
        delete_in_steps(|most| self.ports.store.forget_sso(before, most)).await
    }
}
