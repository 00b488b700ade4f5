//! Whether a node runs the jobs that delete old rows.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use super::Finding;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    let overdue = database.overdue_tables().await?;
    Ok(if overdue.is_empty() {
        Finding::ok("no row waits for its deletion for more than a day")
    } else {
        Finding::warn(
            format!("rows have expired for more than a day: {}", overdue.join(", ")),
            "start tessera serve; if it runs, search its log for \"the job failed\"",
        )
    })
}
