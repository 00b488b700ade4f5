//! What the database drivers report, in the words of the ports. Nothing else in this crate reads their errors.

use deadpool::managed::TimeoutType;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use diesel_async::pooled_connection::deadpool::PoolError;
use tessera_kernel::StoreError;

/// The kinds after which a connection is worth nothing. A read-only server was the primary until a moment ago.
macro_rules! lost_kinds {
    () => {
        DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction
    };
}

/// The meaning of a failed statement.
pub(crate) fn from_statement(error: Error) -> StoreError {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, ref facts) => match unique_key(&**facts) {
            Some(key) => StoreError::Conflict { key },
            None => StoreError::Other(Box::new(error)),
        },
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            StoreError::Conflict { key: StoreError::REFERENCE.to_owned() }
        }
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => StoreError::Busy,
        Error::DatabaseError(lost_kinds!(), _) => StoreError::Unavailable(Box::new(error)),
        Error::DatabaseError(DatabaseErrorKind::Unknown, ref facts) => match from_message(facts.message()) {
            Some(Plight::Busy) => StoreError::Busy,
            Some(Plight::Unavailable) => StoreError::Unavailable(Box::new(error)),
            None => StoreError::Other(Box::new(error)),
        },
        Error::DeserializationError(fault) => StoreError::Corrupt(fault.to_string()),
        other => StoreError::Other(Box::new(other)),
    }
}

/// The meaning of a pool that gave no connection.
pub(crate) fn from_pool(error: PoolError) -> StoreError {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy,
        other => StoreError::Unavailable(Box::new(other)),
    }
}

/// Whether nothing more can be said over the connection that gave this error.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::DatabaseError(lost_kinds!(), _) | Error::BrokenTransactionManager => true,
        Error::DatabaseError(DatabaseErrorKind::Unknown, facts) => {
            matches!(from_message(facts.message()), Some(Plight::Unavailable))
        }
        _ => false,
    }
}

/// Whether the same statement may succeed in a moment.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::Unknown, facts)
        if matches!(from_message(facts.message()), Some(Plight::Busy)))
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

enum Plight {
    Busy,
    Unavailable,
}

/// For what the drivers have no kind. SQLite speaks English only; a PostgreSQL server that is set to another language
/// loses the distinction, and its timeouts count as failures.
fn from_message(message: &str) -> Option<Plight> {
    const BUSY: [&str; 5] = [
        "database is locked",
        "database table is locked",
        "deadlock detected",
        "canceling statement due to ",
        "could not serialize access",
    ];
    const UNAVAILABLE: [&str; 7] = [
        "terminating connection",
        "the database system is ",
        "remaining connection slots are reserved",
        "sorry, too many clients already",
        "unable to open database file",
        "disk I/O error",
        "database or disk is full",
    ];
    if BUSY.iter().any(|start| message.starts_with(start)) {
        Some(Plight::Busy)
    } else if UNAVAILABLE.iter().any(|start| message.starts_with(start)) {
        Some(Plight::Unavailable)
    } else {
        None
    }
}
