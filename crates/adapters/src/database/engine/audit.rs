//! Audit entries of a transaction until its commit, which counts and logs them.

use serde::Serialize;
use tessera_kernel::{Event, Outcome};

use super::metrics::DatabaseMetrics;

/// The target of the log lines of audit entries.
pub const AUDIT_TARGET: &str = "audit";

/// The field of these log lines with the columns of the entry, as a JSON object.
pub const AUDIT_FIELD: &str = "entry";

/// Log lines of audit entries that are not committed yet.
#[derive(Default)]
pub(in crate::database) struct PendingEntries(Vec<PendingEntry>);

struct PendingEntry {
    name: String,
    outcome: Outcome,
    columns: String,
}

impl PendingEntries {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an entry with the row that stores it.
    pub(super) fn add(&mut self, event: &Event, row: &impl Serialize) {
        // Text, ids and times: this has no value that JSON lacks.
        let columns = serde_json::to_string(row).unwrap_or_default();
        self.0.push(PendingEntry { name: event.name.clone(), outcome: event.outcome, columns });
    }

    /// Counts and logs the entries after their commit.
    pub(super) fn report(&mut self, metrics: Option<&DatabaseMetrics>) {
        for PendingEntry { name, outcome, columns } in self.0.drain(..) {
            if let Some(metrics) = metrics {
                metrics.audit.count(&name, outcome);
            }
            tracing::info!(target: AUDIT_TARGET, entry = columns, "audit entry");
        }
    }
}
