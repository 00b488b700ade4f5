//! An action that an audit entry or a log line records.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use uuid::Uuid;

/// A successful action from the audit trail of the database before the restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAction {
    /// The id of the audit entry.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: OffsetDateTime,
    /// The name of the action.
    pub name: String,
    /// The organization of the action.
    pub organization: Option<Uuid>,
    /// The object of the action.
    pub subject: Option<Uuid>,
    /// Further facts.
    pub details: BTreeMap<String, String>,
}
