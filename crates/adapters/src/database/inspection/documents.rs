//! Stored JSON documents.

use serde::de::IgnoredAny;
use tessera_inventory::model::Metadata;
use tessera_kernel::{DataDocument, StoreError};

use super::{Inspection, RowProblem, pages::Reading};

/// A column with JSON.
struct JsonColumn {
    table: &'static str,
    key: &'static [&'static str],
    column: &'static str,
    /// The largest document of clients, in bytes. `None` for JSON that the service writes.
    limit: Option<usize>,
}

const fn column(table: &'static str, key: &'static [&'static str], column: &'static str) -> JsonColumn {
    JsonColumn { table, key, column, limit: None }
}

/// All columns with JSON. A test compares them with the schema.
const COLUMNS: [JsonColumn; 13] = [
    JsonColumn { limit: Some(DataDocument::MAX_BYTES), ..column("settings", &["organization_id"], "data") },
    JsonColumn {
        limit: Some(DataDocument::MAX_BYTES),
        ..column("system_data", &["organization_id", "user_id"], "data")
    },
    JsonColumn { limit: Some(DataDocument::MAX_BYTES), ..column("custom_data", &["user_id"], "data") },
    JsonColumn { limit: Some(Metadata::MAX_BYTES), ..column("items", &["id"], "metadata") },
    column("applications", &["id"], "redirect_uris"),
    column("applications", &["id"], "permissions"),
    column("api_keys", &["id"], "permissions"),
    column("api_keys", &["id"], "restrictions"),
    column("service_accounts", &["id"], "permissions"),
    column("events", &["id"], "details"),
    column("interrupted_operations", &["token_hash"], "operation"),
    column("passkeys", &["id"], "credential"),
    column("passkey_ceremonies", &["id"], "state"),
];

impl Inspection {
    /// Parses every JSON document. Returns the number of documents, and those that are malformed or too large.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn check_documents(&mut self) -> Result<(u64, Vec<RowProblem>), StoreError> {
        let (mut read, mut problems) = (0, Vec::new());
        for JsonColumn { table, key, column, limit } in COLUMNS {
            let text = format!("CAST({column} AS TEXT)");
            let reading = Reading { table, key, columns: (&text, "CAST(NULL AS TEXT)"), filter: "1 = 1" };
            let name = format!("{table}.{column}");
            let mut malformed = RowProblem { rule: format!("{name} is not JSON"), rows: 0, example: None };
            let rule = format!("{name} is longer than {} bytes, or not an object", limit.unwrap_or_default());
            let mut too_large = RowProblem { rule, rows: 0, example: None };
            let mut last = None;
            loop {
                let (rows, next) = self.page(reading, last.as_deref()).await?;
                for row in rows {
                    read += 1;
                    let text = row.b.unwrap_or_default();
                    let problem = match serde_json::from_str::<IgnoredAny>(&text) {
                        Err(_) => &mut malformed,
                        Ok(_) if limit.is_some_and(|limit| text.len() > limit || !text.starts_with('{')) => {
                            &mut too_large
                        }
                        Ok(_) => continue,
                    };
                    problem.rows += 1;
                    problem.example = problem.example.take().or(row.a);
                }
                last = next;
                if last.is_none() {
                    break;
                }
            }
            problems.extend([malformed, too_large].into_iter().filter(|problem| problem.rows > 0));
        }
        Ok((read, problems))
    }

    /// The columns that [`Self::check_documents`] reads, as `table.column`.
    #[must_use]
    pub fn document_columns() -> Vec<String> {
        COLUMNS.iter().map(|JsonColumn { table, column, .. }| format!("{table}.{column}")).collect()
    }
}
