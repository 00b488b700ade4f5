//! Translation of database driver errors to the errors of the ports. No other module of this crate reads driver errors.

mod sqlite;
mod sqlstate;
mod transient;

use deadpool::managed::{PoolError, TimeoutType};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tessera_kernel::StoreError;

pub(in crate::database::engine) use sqlite::MOVED;
pub(crate) use sqlstate::SqlState;
pub(crate) use transient::TransientError;

/// The error after which a connection is not used again.
pub(super) fn closed(cause: impl Into<String>) -> Error {
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(cause.into()))
}

/// The database that returned an error, and the error code that it reported.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Report {
    Sqlite,
    Postgres(Option<SqlState>),
}

/// A translated error of a statement.
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    pub(crate) transient: Option<TransientError>,
}

/// Translates the error of a statement.
pub(crate) fn failure(error: Error, report: Report) -> Failure {
    let transient = transient(&error, report);
    let error = match transient {
        Some(TransientError::Busy) => StoreError::Busy,
        Some(TransientError::Full | TransientError::Unavailable | TransientError::Lost) => {
            StoreError::Unavailable(Box::new(error))
        }
        None if is_moved(&error, report) => StoreError::Moved,
        None => lasting(error),
    };
    Failure { error, transient }
}

/// Translates an error that arrived after the driver had returned the first row of a statement.
pub(crate) fn late_failure(state: SqlState) -> Failure {
    let (transient, cause) =
        (state.transient(), format!("the statement failed after its first row (SQLSTATE {state})"));
    let error = match transient {
        Some(TransientError::Busy) => StoreError::Busy,
        Some(TransientError::Full | TransientError::Unavailable | TransientError::Lost) => {
            StoreError::Unavailable(cause.into())
        }
        None => StoreError::Other(cause.into()),
    };
    Failure { error, transient }
}

/// Returns the failure for a commit that the server has confirmed with a warning. It is unknown whether the change is
/// durable.
pub(crate) fn warned_commit() -> Failure {
    let error = StoreError::Unavailable("the database server confirmed a change with a warning".into());
    Failure { error, transient: Some(TransientError::Lost) }
}

fn transient(error: &Error, report: Report) -> Option<TransientError> {
    use DatabaseErrorKind::{
        ClosedConnection, ReadOnlyTransaction, SerializationFailure, UnableToSendCommand, Unknown,
    };
    match (error, report) {
        // The driver reports no code for a broken connection. These errors are matched first, because a server that
        // restarts may have sent a code before.
        (
            Error::BrokenTransactionManager
            | Error::DatabaseError(UnableToSendCommand | ClosedConnection | ReadOnlyTransaction, _),
            _,
        ) => Some(TransientError::Lost),
        (Error::DatabaseError(..), Report::Postgres(Some(state))) => state.transient(),
        (Error::DatabaseError(SerializationFailure, _), _) => Some(TransientError::Busy),
        (Error::DatabaseError(Unknown, facts), Report::Sqlite) => sqlite::transient(facts.message()),
        _ => None,
    }
}

/// Returns whether a trigger rejected a write because the rows of the SQLite database are on PostgreSQL now.
fn is_moved(error: &Error, report: Report) -> bool {
    matches!(report, Report::Sqlite)
        && matches!(error, Error::DatabaseError(DatabaseErrorKind::Unknown, facts) if facts.message() == MOVED)
}

/// Translates an error that a retry of the same statement would cause again.
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

/// Translates the error of a pool that returned no connection.
pub(crate) fn from_pool<E: std::error::Error + Send + Sync + 'static>(error: PoolError<E>) -> StoreError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
        other => StoreError::Unavailable(Box::new(other)),
    }
}

/// Returns whether a retry of the same SQLite statement may soon succeed.
pub(crate) fn is_busy(error: &Error) -> bool {
    transient(error, Report::Sqlite) == Some(TransientError::Busy)
}

/// Returns whether SQLite may soon be opened: another process has locked the file, or the disk is full.
pub(crate) fn may_pass(error: &Error) -> bool {
    matches!(transient(error, Report::Sqlite), Some(TransientError::Busy | TransientError::Full))
}

/// Returns an error and its causes in one line, for drivers whose errors do not contain the cause.
pub(crate) fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Returns the name of the violated unique key. PostgreSQL reports the name of the constraint. SQLite reports the
/// columns, from which the name is built.
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
