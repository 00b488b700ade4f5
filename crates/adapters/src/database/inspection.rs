//! Facts about a database for its diagnosis.

mod documents;
mod integrity;
mod overdue;
mod pages;
mod references;
mod sealed;
mod server;

use tessera_kernel::StoreError;
use tessera_sso::model::SigningKey;

use super::{engine::inspection::Row, tables};

pub use super::engine::inspection::{InspectedSchema, Inspection, Pooling};
pub use overdue::Outbox;
pub use sealed::SealedReport;
pub use server::{ConnectionUse, Durability};

/// Rows that violate a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// Which rule, such as `items.metadata is longer than 16384 bytes`.
    pub rule: String,
    /// The number of rows.
    pub rows: u64,
    /// The key of one of them, if it is known.
    pub example: Option<String>,
}

impl Inspection {
    /// Returns the signing keys in the order in which they sign.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn signing_keys(&mut self) -> Result<Vec<SigningKey>, StoreError> {
        tables::signing_keys::list(&mut self.lease).await
    }

    /// Returns the rows of a query for one value: `expression FROM …`.
    async fn values(&mut self, query: &str) -> Result<Vec<String>, StoreError> {
        let sql = format!("SELECT a, CAST(NULL AS TEXT) AS b, CAST(NULL AS TEXT) AS c FROM ({query}) AS found");
        Ok(self.rows(&sql).await?.into_iter().filter_map(|row| row.a).collect())
    }

    /// Returns the number that a query for `a` returns.
    async fn number(&mut self, query: &str) -> Result<u64, StoreError> {
        let found = self.values(query).await?.into_iter().next().unwrap_or_default();
        found.parse().map_err(|_| StoreError::Corrupt(format!("a count is {found:?}")))
    }

    /// Returns the rows that violate a rule, as a problem if there are any. `rows` is `FROM … WHERE …`, and `key` an expression
    /// for their key.
    async fn violations(&mut self, rule: String, key: &str, rows: &str) -> Result<Option<RowProblem>, StoreError> {
        let sql = format!("SELECT CAST(count(*) AS TEXT) AS a, min({key}) AS b, CAST(NULL AS TEXT) AS c {rows}");
        let row = self.rows(&sql).await?.into_iter().next();
        let Some(Row { a: Some(count), b: example, .. }) = row else { return Ok(None) };
        let rows = count.parse().map_err(|_| StoreError::Corrupt(format!("a count is {count:?}")))?;
        Ok((rows > 0).then_some(RowProblem { rule, rows, example }))
    }

    /// An expression for an id as text.
    fn id_text(&self, column: &str) -> String {
        if self.is_postgres() { format!("{column}::text") } else { format!("lower(hex({column}))") }
    }

    /// An expression for a time, in seconds from now. It is negative for a time in the past.
    fn seconds_until(&self, time: &str) -> String {
        if self.is_postgres() {
            format!("(extract(epoch FROM {time} - statement_timestamp()))::bigint")
        } else {
            format!("({time} / 1000000 - unixepoch('now'))")
        }
    }
}
