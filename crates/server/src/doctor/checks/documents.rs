//! Whether the stored JSON documents can be parsed, and are within their limits.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use super::references::listed;
use crate::doctor::finding::Finding;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    let (number, found) = database.check_documents().await?;
    Ok(match listed(&found) {
        None => Finding::ok(format!("{number} documents are JSON and within their limits")),
        Some(list) => Finding::fail(
            list,
            "restore these rows from a backup, or replace the documents through the API; another program has written them",
        ),
    })
}
