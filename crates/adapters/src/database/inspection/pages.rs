//! Reading of a whole table in pages, in the order of its primary key.

use tessera_kernel::StoreError;

use super::{Inspection, Row};

/// Rows of one page. A row has up to 64 KiB.
const PAGE: usize = 500;

/// What is read of a table.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) table: &'a str,
    /// The columns of the primary key.
    pub(super) key: &'a [&'a str],
    /// Two expressions for text.
    pub(super) columns: (&'a str, &'a str),
    /// Which rows, as a condition.
    pub(super) filter: &'a str,
}

impl Inspection {
    /// Returns the rows after a key, and the key of the last row if there may be more. The values of `b` and `c` are those of
    /// the two expressions.
    pub(super) async fn page(
        &mut self,
        reading: Reading<'_>,
        after: Option<&str>,
    ) -> Result<(Vec<Row>, Option<String>), StoreError> {
        let Reading { table, key, columns: (b, c), filter } = reading;
        // The key comes back as literals, which the database itself has quoted.
        let quoted = |column: &&str| {
            if self.is_postgres() { format!("quote_literal({column}::text)") } else { format!("quote({column})") }
        };
        let literals = key.iter().map(quoted).collect::<Vec<_>>().join(" || ', ' || ");
        let key = key.join(", ");
        let after = after.map_or_else(String::new, |last| format!(" AND ({key}) > ({last})"));
        let sql = format!(
            "SELECT {literals} AS a, {b} AS b, {c} AS c FROM {table} WHERE {filter}{after} ORDER BY {key} LIMIT {PAGE}"
        );
        let rows = self.rows(&sql).await?;
        let last = rows.last().filter(|_| rows.len() == PAGE).and_then(|row| row.a.clone());
        Ok((rows, last))
    }
}
