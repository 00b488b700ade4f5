//! The job that deletes old rows, by the rules of all tables.

mod rules;
mod statement;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tessera_kernel::{Counter, StoreError, delete_in_steps};
use time::Duration;

use super::engine::{SqlStore, connection::with_connection, rows::affected, run_query::RunQueryDsl as _};
use statement::DeleteOldRows;

pub use rules::{RetentionSettings, RowAge, RowLimit, TABLE_RULES, TableRule, TimeLimit};

/// The rows that the job has deleted, by table.
#[derive(Debug)]
pub struct DeletedRows(Vec<(&'static str, Counter)>);

impl Default for DeletedRows {
    fn default() -> Self {
        Self(time_limits().map(|(table, _)| (table, Counter::default())).collect())
    }
}

impl DeletedRows {
    /// Returns each table whose rows are deleted by age, with the number of deleted rows.
    pub fn tables(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.iter().map(|(table, rows)| (*table, rows.value()))
    }
}

/// The maximum number of rows that one statement deletes on SQLite, which has one writer. It takes a few milliseconds.
const AT_ONCE: u32 = 100;

/// Deletes old rows. All nodes may run it at once.
#[derive(Debug)]
pub struct Retention {
    store: SqlStore,
    settings: RetentionSettings,
    deleted: Arc<DeletedRows>,
}

impl Retention {
    /// Creates the job. `deleted` counts what it deletes.
    #[must_use]
    pub const fn new(store: SqlStore, settings: RetentionSettings, deleted: Arc<DeletedRows>) -> Self {
        Self { store, settings, deleted }
    }

    /// Deletes from each table up to [`STEPS_PER_RUN`](tessera_kernel::STEPS_PER_RUN) ×
    /// [`ROWS_PER_STEP`](tessera_kernel::ROWS_PER_STEP) rows, the oldest first, and returns the number of all. Rows that
    /// another transaction has locked are skipped. Times are compared with the clock of the database.
    ///
    /// # Errors
    /// The first error of a table. The other tables are processed nevertheless.
    pub async fn run(&self) -> Result<u64, StoreError> {
        let mut result = Ok(0);
        for ((table, limit), (_, counter)) in time_limits().zip(&self.deleted.0) {
            let Some(age) = limit.after.duration(&self.settings) else { continue };
            let deleted = delete_in_steps(|most| self.delete(table, limit, age, most, counter)).await;
            result = match (result, deleted) {
                (Ok(before), Ok(rows)) => Ok(before + rows),
                (Err(first), _) | (Ok(_), Err(first)) => Err(first),
            };
        }
        result
    }

    async fn delete(
        &self,
        table: &'static str,
        limit: &'static TimeLimit,
        age: Duration,
        most: u32,
        counter: &Counter,
    ) -> Result<u64, StoreError> {
        // Other transactions can lock and write other rows during a statement on PostgreSQL, but not on SQLite.
        let at_once = if self.store.is_sqlite() { most.min(AT_ONCE) } else { most };
        let mut deleted = 0;
        while deleted < u64::from(most) {
            let statement = DeleteOldRows::new(table, limit, age, at_once);
            // Each statement takes a connection of its own, so that other writers can run in between.
            let mut lease = self.store.writer().await?;
            let rows = with_connection!(&mut lease, |c| statement.execute(c).await).map(affected)?;
            counter.add(rows);
            deleted += rows;
            if rows < u64::from(at_once) {
                break;
            }
        }
        Ok(deleted)
    }
}

/// Returns the tables whose rows are deleted by age, with an expression for the time of a row, and that age.
pub(super) fn due_rows(settings: &RetentionSettings) -> impl Iterator<Item = (&'static str, String, Duration)> + '_ {
    time_limits().filter_map(|(table, limit)| Some((table, limit.time(), limit.after.duration(settings)?)))
}

/// The tables whose rows are deleted by age.
fn time_limits() -> impl Iterator<Item = (&'static str, &'static TimeLimit)> {
    TABLE_RULES.iter().filter_map(|rule| match &rule.limit {
        RowLimit::Time(limit) => Some((rule.table, limit)),
        RowLimit::Count => None,
    })
}
