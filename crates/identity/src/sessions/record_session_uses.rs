//! Writing the collected uses of sessions.

use tessera_kernel::{ROWS_PER_STEP, StoreError};

use crate::Identity;

impl Identity {
    /// Writes when sessions were last used, and returns the number of sessions. It writes in batches, so that other writers
    /// get their turn in between.
    ///
    /// # Errors
    /// When storage fails. The uses that were not written are kept for the next call.
    pub async fn record_session_uses(&self) -> Result<usize, StoreError> {
        let uses = self.session_uses.take();
        let mut batches = uses.chunks(ROWS_PER_STEP as usize);
        while let Some(batch) = batches.next() {
            if let Err(error) = self.ports.session_jobs.record_uses(batch).await {
                let later = batches.flatten();
                self.session_uses.put_back(batch.iter().chain(later).copied());
                return Err(error);
            }
        }
        Ok(uses.len())
    }
}
