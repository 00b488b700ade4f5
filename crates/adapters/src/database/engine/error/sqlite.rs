//! SQLite result codes, identified by their messages.
//!
//! diesel does not expose the result code, and reading it from the connection needs `unsafe`, which this workspace
//! forbids. SQLite is compiled in, has English messages only, and has one constant text for each result code
//! (`sqlite3ErrStr`). The tests below compare the texts with those of the linked library.

use super::transient::TransientError;

/// The message of the triggers that reject writes to a moved database.
pub(in crate::database::engine) const MOVED: &str = "database_moved";

/// Returns the kind of a temporary error, or `None` for any other error.
pub(super) fn transient(message: &str) -> Option<TransientError> {
    match message {
        // SQLITE_FULL
        "database or disk is full" => Some(TransientError::Full),
        // SQLITE_BUSY, SQLITE_PROTOCOL
        "database is locked" | "locking protocol" => Some(TransientError::Busy),
        // SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_NOMEM: the next connection may succeed. SQLITE_READONLY: the disk may
        // have been remounted read-only after an error.
        "unable to open database file"
        | "disk I/O error"
        | "out of memory"
        | "attempt to write a readonly database" => Some(TransientError::Lost),
        // SQLITE_LOCKED: the messages contain the name of the table.
        other => ["database table is locked", "database schema is locked"]
            .iter()
            .any(|start| other.starts_with(start))
            .then_some(TransientError::Busy),
    }
}

#[cfg(test)]
mod tests {
    use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

    use crate::database::engine::error::{Report, TransientError, failure};

    /// Returns the kind of the error that the linked library reports for the statement.
    fn plight_of(connection: &mut SqliteConnection, statement: &str) -> Option<TransientError> {
        match connection.batch_execute(statement) {
            Ok(()) => panic!("must fail: {statement}"),
            Err(error) => failure(error, Report::Sqlite).transient,
        }
    }

    fn open(file: &std::path::Path) -> SqliteConnection {
        let file = file.to_str().unwrap_or_default();
        SqliteConnection::establish(file).unwrap_or_else(|error| panic!("{error}"))
    }

    fn run(connection: &mut SqliteConnection, statement: &str) {
        connection.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }

    #[test]
    fn the_texts_are_those_of_the_library() {
        let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let file = directory.path().join("test.db");
        let mut one = open(&file);
        run(&mut one, "PRAGMA page_size = 512; CREATE TABLE t (x); PRAGMA max_page_count = 4");
        assert_eq!(plight_of(&mut one, "INSERT INTO t VALUES (zeroblob(9999))"), Some(TransientError::Full));
        run(&mut one, "BEGIN IMMEDIATE");
        let mut other = open(&file);
        assert_eq!(plight_of(&mut other, "BEGIN IMMEDIATE"), Some(TransientError::Busy));
        run(&mut one, "ROLLBACK; PRAGMA query_only = ON");
        assert_eq!(plight_of(&mut one, "INSERT INTO t VALUES (1)"), Some(TransientError::Lost));
        // A directory blocks the path of the journal.
        std::fs::create_dir(directory.path().join("test.db-journal")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plight_of(&mut other, "INSERT INTO t VALUES (1)"), Some(TransientError::Lost));
        assert_eq!(plight_of(&mut other, "SELECT * FROM nothing"), None);
    }
}
