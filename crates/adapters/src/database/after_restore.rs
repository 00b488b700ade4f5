//! What follows the restore of a backup: everything that could have been used up or withdrawn since then ends, and the
//! withdrawals that happened after the backup are repeated.

mod actions;
mod audit_log;
mod ending;
mod moved_database;
mod outcome;
mod recorded_action;
mod repeat;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, sql_types::BigInt};
use tessera_kernel::{
    AuditEntry, Event, EventLog as _, Outcome, RequestMetadata, StoreClock as _, StoreError, SystemPorts,
    Transaction as _,
};
use time::{Duration, OffsetDateTime};

use super::engine::{
    SqlStore,
    connection::with_connection,
    rows::{count, padded},
    run_query::RunQueryDsl,
    schema::events,
    types::{DbId, DbInstant},
};
use actions::Withdrawal;

pub use audit_log::{AuditLogError, read_audit_log};
pub use moved_database::read_moved_database;
pub use outcome::AfterRestore;
pub use recorded_action::RecordedAction;

/// How much later than an entry that is in the backup the clock of another node may have recorded an entry before the backup.
const CLOCK_MARGIN: Duration = Duration::HOUR;

/// The number of ids that one statement looks up.
const IDS_AT_ONCE: usize = 500;

impl SqlStore {
    /// Returns the time from which recorded actions may be missing in this database. `None` means all of them, because the
    /// database has no audit entries.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn audited_until(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        // The order of the ids is the order of time.
        let query = events::table.order(events::id.desc()).select(events::occurred_at);
        let last: Option<DbInstant> = with_connection!(&mut self.reader().await?, |c| query.first(c).await.optional())?;
        Ok(last.map(|last| last.0 - CLOCK_MARGIN))
    }

    /// Returns how many nodes are connected to a PostgreSQL database. A node without credential cache is not seen.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn connected_nodes(&self) -> Result<u64, StoreError> {
        if self.is_sqlite() {
            return Ok(0);
        }
        let nodes = diesel::dsl::sql::<BigInt>(
            "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'tessera credentials'",
        );
        let nodes: i64 = with_connection!(&mut self.reader().await?, |c|
            postgres: nodes.get_result(c).await,
            sqlite: { let _ = c; Ok(0) })?;
        count("pg_stat_activity", nodes)
    }

    /// Ends everything of a restored database that may have ended since the backup, and repeats the withdrawals among the
    /// recorded actions that the database does not have. One transaction: after an error nothing has changed. A second call
    /// has no further effect on rights.
    ///
    /// # Errors
    /// Fails like any write.
    pub async fn after_restore(
        &self,
        recorded: &[RecordedAction],
        system: &SystemPorts,
    ) -> Result<AfterRestore, StoreError> {
        let missing = self.missing(recorded).await?;
        let at = self.now().await?;
        let mut tx = self.transaction().await?;
        tx.lease.without_total_limit();
        let mut result =
            AfterRestore { ended: ending::end_everything(&mut tx.lease).await?, ..AfterRestore::default() };
        repeat::repeat_all(&mut tx, &missing, at, &mut result).await?;
        let entry = AuditEntry {
            name: "database.restored",
            outcome: Outcome::Success,
            organization: None,
            subject: None,
            details: vec![
                ("repeated", result.repeated.len().to_string()),
                ("not_repeated", result.not_repeated.len().to_string()),
            ],
        };
        let origin = RequestMetadata::internal("after-restore");
        tx.append(&Event::by_anonymous(&origin, entry, system)).await?;
        Box::new(tx).commit().await?;
        Ok(result)
    }

    /// The recorded actions that withdraw something and that this database does not have, in the order of time.
    async fn missing<'a>(
        &self,
        recorded: &'a [RecordedAction],
    ) -> Result<Vec<(&'a RecordedAction, Withdrawal)>, StoreError> {
        let since = self.audited_until().await?;
        let candidates = recorded.iter().filter(|action| since.is_none_or(|since| action.occurred_at >= since));
        let mut withdrawals: Vec<_> = candidates.filter_map(|action| Some((action, Withdrawal::of(action)?))).collect();
        let mut known = BTreeSet::new();
        for some in withdrawals.chunks(IDS_AT_ONCE) {
            let ids = padded(some.iter().map(|(action, _)| DbId(action.id)).collect());
            let query = events::table.filter(events::id.eq_any(ids)).select(events::id);
            let found: Vec<DbId> = with_connection!(&mut self.reader().await?, |c| query.load(c).await)?;
            known.extend(found.into_iter().map(|id| id.0));
        }
        withdrawals.retain(|(action, _)| !known.contains(&action.id));
        withdrawals.sort_by_key(|(action, _)| (action.occurred_at, action.id));
        withdrawals.dedup_by_key(|(action, _)| action.id);
        Ok(withdrawals)
    }
}
