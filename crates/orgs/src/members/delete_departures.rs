//! Retention of departures.

use tessera_kernel::StoreError;
use time::Duration;

use crate::{Orgs, model::Membership};

/// Departures are kept this much longer than they have an effect, because the clocks of the nodes may differ.
const MARGIN: Duration = Duration::DAY;

impl Orgs {
    /// Deletes the departures that no longer prevent a direct addition. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_old_departures(&self) -> Result<u64, StoreError> {
        let until = self.ports.system.now() - Membership::NO_DIRECT_ADDITION_AFTER_LEAVING - MARGIN;
        let mut tx = self.ports.store.begin().await?;
        let deleted = tx.departures().delete_until(until).await?;
        tx.commit().await?;
        Ok(deleted)
    }
}
