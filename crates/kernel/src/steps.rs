//! Deletion of many rows in small steps.

use std::future::Future;

use crate::StoreError;

/// How many rows of a table one step deletes at most. A step of this size holds the writer of SQLite for some
/// milliseconds.
pub const ROWS_PER_STEP: u32 = 1_000;

/// How many steps one run of a job takes at most. The next run continues.
pub const STEPS_PER_RUN: u32 = 20;

/// Runs a deletion step by step until a step finds fewer rows than it may delete, or the run is long enough. `step` gets
/// the number of rows that it may delete, is durable on its own and returns how many it deleted. Other writers get their
/// turn between two steps. Returns the number of rows in all.
///
/// # Errors
/// The first failed step. What the steps before it deleted stays deleted.
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
