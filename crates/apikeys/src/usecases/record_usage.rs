//! What was gathered about the use of keys is written down.

use tessera_kernel::{ROWS_PER_STEP, StoreError};

use crate::ApiKeys;

impl ApiKeys {
    /// Writes the uses that are due, at most once a minute for each key; `all` of them before the service stops. Returns
    /// how many keys were written. It writes in batches, so that other writers get their turn in between.
    ///
    /// # Errors
    /// When storage failed; nothing is lost then, the next call tries again.
    pub async fn record_usage(&self, all: bool) -> Result<usize, StoreError> {
        let mut due = self.usage.take_due(self.ports.clock.now(), all);
        let (keys, batch) = (due.len(), ROWS_PER_STEP as usize);
        while !due.is_empty() {
            let later = due.split_off(due.len().min(batch));
            if let Err(error) = self.ports.store.record_uses(&due).await {
                due.extend(later);
                self.usage.put_back(due);
                return Err(error);
            }
            due = later;
        }
        Ok(keys)
    }
}
