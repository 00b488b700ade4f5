//! Work that the jobs of the nodes should have done.

use tessera_kernel::StoreError;
use time::Duration;

use super::{Inspection, Row};
use crate::database::retention::{RetentionSettings, due_rows};

/// How long after its deletion is due a row may still exist.
const GRACE: Duration = Duration::DAY;

/// Mails that wait, and mails that were rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outbox {
    /// Mails that are neither delivered nor rejected nor expired.
    pub waiting: u64,
    /// Those that have failed three times or more.
    pub failing: u64,
    /// How long the next attempt for a mail is overdue, in seconds. 0 if none is overdue.
    pub overdue_seconds: u64,
    /// Mails that were rejected in the last 24 hours.
    pub rejected: u64,
}

impl Inspection {
    /// Returns the tables that contain rows which a job should have deleted more than a day ago.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn overdue_tables(&mut self, settings: &RetentionSettings) -> Result<Vec<&'static str>, StoreError> {
        let mut overdue = Vec::new();
        for (table, time, age) in due_rows(settings) {
            let seconds = (age + GRACE).whole_seconds();
            let limit = if self.is_postgres() {
                format!("statement_timestamp() - {seconds} * interval '1 second'")
            } else {
                format!("(unixepoch('now') - {seconds}) * 1000000")
            };
            let query = format!("SELECT '1' AS a FROM {table} WHERE {time} < {limit} LIMIT 1");
            if !self.values(&query).await?.is_empty() {
                overdue.push(table);
            }
        }
        Ok(overdue)
    }

    /// Returns the state of the outbox.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn outbox(&mut self) -> Result<Outbox, StoreError> {
        let expires_in = self.seconds_until("expires_at");
        let waiting = format!("delivered_at IS NULL AND refused_at IS NULL AND {expires_in} > 0");
        let due_in = self.seconds_until("min(due_at)");
        let sql = format!(
            "SELECT CAST(count(*) AS TEXT) AS a, CAST({due_in} AS TEXT) AS b,
                CAST(coalesce(sum(CASE WHEN attempts >= 3 THEN 1 ELSE 0 END), 0) AS TEXT) AS c
             FROM mails WHERE {waiting}"
        );
        let row = self.rows(&sql).await?.into_iter().next();
        let Row { a, b, c } = row.unwrap_or(Row { a: None, b: None, c: None });
        let count = |text: Option<String>| text.and_then(|text| text.parse().ok()).unwrap_or_default();
        let due_in: i64 = b.and_then(|text| text.parse().ok()).unwrap_or_default();
        let rejected_in = self.seconds_until("refused_at");
        let rejected = format!("SELECT CAST(count(*) AS TEXT) AS a FROM mails WHERE {rejected_in} > -86400");
        Ok(Outbox {
            waiting: count(a),
            failing: count(c),
            overdue_seconds: due_in.saturating_neg().try_into().unwrap_or_default(),
            rejected: self.number(&rejected).await?,
        })
    }
}
