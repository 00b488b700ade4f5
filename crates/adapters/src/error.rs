//! What the database drivers report, in the words of the ports. Nothing else in this crate reads their errors.

mod plight;
mod sqlite;
mod sqlstate;

use deadpool::managed::{PoolError, TimeoutType};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tessera_kernel::StoreError;

pub(crate) use plight::Plight;
pub(crate) use sqlstate::SqlState;

/// Which database gave an error, and what it said beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Report {
    Sqlite,
    Postgres(Option<SqlState>),
}

/// The meaning of a failed statement.
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    pub(crate) plight: Option<Plight>,
}

/// Reads the error of a statement.
pub(crate) fn failure(error: Error, report: Report) -> Failure {
    let plight = plight(&error, report);
    let error = match plight {
        Some(Plight::Busy) => StoreError::Busy,
        Some(Plight::Full | Plight::Unavailable | Plight::Lost) => StoreError::Unavailable(Box::new(error)),
        None => lasting(error),
    };
    Failure { error, plight }
}

/// The meaning of an error that came after the driver had returned the first row of a statement.
pub(crate) fn late_failure(state: SqlState) -> Failure {
    let (plight, cause) = (state.plight(), format!("the statement failed after its first row (SQLSTATE {state})"));
    let error = match plight {
        Some(Plight::Busy) => StoreError::Busy,
        Some(Plight::Full | Plight::Unavailable | Plight::Lost) => StoreError::Unavailable(cause.into()),
        None => StoreError::Other(cause.into()),
    };
    Failure { error, plight }
}

/// The meaning of a commit that the server has confirmed with a warning: whether the change lasts is not known.
pub(crate) fn warned_commit() -> Failure {
    let error = StoreError::Unavailable("the database server confirmed a change with a warning".into());
    Failure { error, plight: Some(Plight::Lost) }
}

fn plight(error: &Error, report: Report) -> Option<Plight> {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    match (error, report) {
        // The driver has no code for a connection that breaks. A server that is restarted may have given one before.
        (
            Error::BrokenTransactionManager
            | Error::DatabaseError(UnableToSendCommand | ClosedConnection | ReadOnlyTransaction, _),
            _,
        ) => Some(Plight::Lost),
        (Error::DatabaseError(..), Report::Postgres(Some(state))) => state.plight(),
        (Error::DatabaseError(SerializationFailure, _), _) => Some(Plight::Busy),
        (Error::DatabaseError(Unknown, facts), Report::Sqlite) => sqlite::plight(facts.message()),
        _ => None,
    }
}

/// The meaning of an error that the same statement would meet again.
fn lasting(error: Error) -> StoreError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, ref facts) => match unique_key(&**facts) {
            Some(key) => StoreError::Conflict { key },
            None => StoreError::Other(Box::new(error)),
        },
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            StoreError::Conflict { key: StoreError::REFERENCE.to_owned() }
        }
        Error::DeserializationError(fault) => StoreError::Corrupt(fault.to_string()),
        other => StoreError::Other(Box::new(other)),
    }
}

/// The meaning of a pool that gave no connection.
pub(crate) fn from_pool<E: std::error::Error + Send + Sync + 'static>(error: PoolError<E>) -> StoreError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
        other => StoreError::Unavailable(Box::new(other)),
    }
}

/// Whether the same statement of SQLite may succeed in a moment.
pub(crate) fn is_busy(error: &Error) -> bool {
    plight(error, Report::Sqlite) == Some(Plight::Busy)
}

/// Whether SQLite may be opened in a moment: another process holds it, or its disk is full.
pub(crate) fn may_pass(error: &Error) -> bool {
    matches!(plight(error, Report::Sqlite), Some(Plight::Busy | Plight::Full))
}

/// An error with its causes in one line, for drivers whose errors do not say why.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// PostgreSQL tells the name of the constraint. SQLite tells the columns, which the name is made of.
fn unique_key(facts: &dyn DatabaseErrorInformation) -> Option<String> {
    if let Some(name) = facts.constraint_name() {
        return Some(name.to_owned());
    }
    let columns = facts.message().strip_prefix("UNIQUE constraint failed: ")?;
    let mut key = String::new();
    for column in columns.split(", ") {
        let (table, column) = column.split_once('.')?;
        if key.is_empty() {
            key.push_str(table);
        }
        key.push('_');
        key.push_str(column);
    }
    Some(key)
}
