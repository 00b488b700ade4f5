//! Writing of collected key usage.

use tessera_kernel::{ROWS_PER_STEP, StoreError};

use crate::ApiKeys;

impl ApiKeys {
    /// Writes the uses that are due, at most once a minute for each key. With `all`, which is set at shutdown, it
    /// writes all uses. Returns the number of keys. It writes in batches, so that other writers can run in between.
    ///
    /// # Errors
    /// Storage failed. No use is lost: the next call tries again.
    pub async fn record_usage(&self, all: bool) -> Result<usize, StoreError> {
        let mut due = self.usage.take_due(self.ports.system.now(), all);
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
