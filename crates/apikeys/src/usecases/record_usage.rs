//! What was gathered about the use of keys is written down.

use tessera_kernel::StoreError;

use crate::ApiKeys;

impl ApiKeys {
    /// Writes the uses that are due, at most once a minute for each key; `all` of them before the service stops. Returns
    /// how many keys were written.
    ///
    /// # Errors
    /// When storage failed; nothing is lost then, the next call tries again.
    pub async fn record_usage(&self, all: bool) -> Result<usize, StoreError> {
        let due = self.usage.take_due(self.ports.clock.now(), all);
        if due.is_empty() {
            return Ok(0);
        }
        match self.ports.store.record_uses(&due).await {
            Ok(()) => Ok(due.len()),
            Err(error) => {
                self.usage.put_back(due);
                Err(error)
            }
        }
    }
}
