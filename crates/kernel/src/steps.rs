//! Deletion of many rows in small steps.

use std::future::Future;

use crate::StoreError;

/// The maximum number of rows that one step deletes. A step of this size holds the write lock of SQLite for some
/// milliseconds.
pub const ROWS_PER_STEP: u32 = 1_000;

/// The maximum number of steps of one run of a job. The next run continues.
pub const STEPS_PER_RUN: u32 = 20;

/// Runs deletion steps until a step deletes fewer rows than its maximum, or [`STEPS_PER_RUN`] steps are done. `step`
/// receives the maximum number of rows, commits by itself and returns the number of rows that it deleted. Other writers
/// can run between two steps. Returns the total number of rows.
///
/// # Errors
/// The error of the first failed step. The deletions of earlier steps stay.
pub async fn delete_in_steps<F>(step: impl Fn(u32) -> F + Send) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>> + Send,
{
    let mut deleted = 0;
    for _ in 0..STEPS_PER_RUN {
        let rows = step(ROWS_PER_STEP).await?;
        deleted += rows;
        if rows < u64::from(ROWS_PER_STEP) {
            break;
        }
    }
    Ok(deleted)
}
