//! Ids of rows that do not exist.

use tessera_adapters::{Inspection, RowProblem};
use tessera_kernel::StoreError;

use crate::doctor::finding::Finding;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    let found = database.check_references().await?;
    Ok(match listed(&found) {
        None => Finding::ok("every id refers to a row"),
        Some(list) => Finding::fail(
            format!("rows that do not exist are referred to: {list}"),
            "stop the service and restore a backup that is complete; the rows cannot be reconstructed",
        ),
    })
}

/// The problems in one line. `None` if there are none.
pub(super) fn listed(found: &[RowProblem]) -> Option<String> {
    let one = |RowProblem { rule, rows, example }: &RowProblem| match example {
        Some(example) => format!("{rule} ({rows} rows, such as {example})"),
        None => format!("{rule} ({rows} rows)"),
    };
    let list: Vec<String> = found.iter().map(one).collect();
    (!list.is_empty()).then(|| list.join("; "))
}
