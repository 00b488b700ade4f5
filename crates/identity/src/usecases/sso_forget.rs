//! What is over is forgotten.

use tessera_kernel::StoreError;
use time::Duration;

use crate::SingleSignOn;

/// How long sessions and codes are kept beyond their end: a code that comes twice is to be noticed.
const KEPT: Duration = Duration::hours(1);

impl SingleSignOn {
    /// Removes what ended more than an hour ago, and says how many rows that were. Any node may do it at any time.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn forget(&self) -> Result<usize, StoreError> {
        self.ports.store.forget_sso(self.ports.store.now().await? - KEPT).await
    }
}
