//! The clock of the database as a port.

use async_trait::async_trait;
use tessera_kernel::{Clock as _, StoreClock, StoreError};
use tessera_system::SystemClock;
use time::OffsetDateTime;

use super::{SqlStore, clock::Now, connection::with_connection, run_query::RunQueryDsl, types::DbInstant};

#[async_trait]
impl StoreClock for SqlStore {
    async fn now(&self) -> Result<OffsetDateTime, StoreError> {
        if self.is_sqlite() {
            // The clock of SQLite is that of this machine, in milliseconds. No thread is needed to read it.
            let now = SystemClock.now();
            return Ok(now.replace_millisecond(now.millisecond()).unwrap_or(now));
        }
        let mut lease = self.reader().await?;
        let now: DbInstant = with_connection!(&mut lease, |c| diesel::select(Now).get_result(c).await)?;
        Ok(now.0)
    }
}
