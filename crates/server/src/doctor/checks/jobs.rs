//! Whether a node runs the jobs that delete old rows.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use crate::doctor::{context::Context, finding::Finding};
use crate::wiring::retention_settings;

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let overdue = database.overdue_tables(&retention_settings(&context.config)).await?;
    Ok(if overdue.is_empty() {
        Finding::ok("no row waits for its deletion for more than a day")
    } else {
        Finding::warn(
            format!("rows have expired for more than a day: {}", overdue.join(", ")),
            "start tessera serve; if it runs, search its log for \"the job failed\"",
        )
    })
}
