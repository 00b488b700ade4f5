//! Recorded actions from the SQLite database that a restore has moved away.

use std::path::Path;

use diesel::{
    QueryableByName, RunQueryDsl, sql_query,
    sql_types::{Nullable, Text},
};
use time::OffsetDateTime;

use super::{actions::withdrawing, recorded_action::RecordedAction};
use crate::database::engine::{
    BackupError, open_for_reading,
    rows::from_document,
    types::{DbDocument, DbId, DbInstant, Document, Id, Instant},
};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Id)]
    id: DbId,
    #[diesel(sql_type = Instant)]
    occurred_at: DbInstant,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Id>)]
    organization_id: Option<DbId>,
    #[diesel(sql_type = Nullable<Id>)]
    subject: Option<DbId>,
    #[diesel(sql_type = Document)]
    details: DbDocument,
}

/// Reads the withdrawals of a database since that time. Its schema may be older. Blocks the thread.
///
/// # Errors
/// Fails if the file can't be read.
pub fn read_moved_database(file: &Path, since: Option<OffsetDateTime>) -> Result<Vec<RecordedAction>, BackupError> {
    let mut connection = open_for_reading(file)?;
    let names: Vec<String> = withdrawing().map(|name| format!("'{name}'")).collect();
    let query = format!(
        "SELECT id, occurred_at, name, organization_id, subject, details FROM events
         WHERE occurred_at >= ? AND outcome = 'success' AND name IN ({}) ORDER BY id",
        names.join(", ")
    );
    let since = since.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let rows: Vec<Row> = sql_query(query).bind::<Instant, _>(DbInstant(since)).load(&mut connection)?;
    rows.into_iter().map(RecordedAction::try_from).collect()
}

impl TryFrom<Row> for RecordedAction {
    type Error = BackupError;

    fn try_from(row: Row) -> Result<Self, BackupError> {
        Ok(Self {
            id: row.id.0,
            occurred_at: row.occurred_at.0,
            name: row.name,
            organization: row.organization_id.map(|id| id.0),
            subject: row.subject.map(|id| id.0),
            details: from_document("events.details", &row.details)
                .map_err(|error| BackupError::Database(Box::new(error)))?,
        })
    }
}
