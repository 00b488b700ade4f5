//! Result codes of SQLite, by their messages.
//!
//! diesel keeps the result code for itself, and reading it from the connection takes `unsafe`, which this workspace
//! forbids. SQLite is compiled in, speaks English only, and gives each result code one constant text (`sqlite3ErrStr`).
//! The tests below compare the texts with those of the library that is linked.

use super::plight::Plight;

/// What kind of trouble passes by itself. `None`: none that does.
pub(super) fn plight(message: &str) -> Option<Plight> {
    match message {
        // SQLITE_FULL
        "database or disk is full" => Some(Plight::Full),
        // SQLITE_BUSY, SQLITE_PROTOCOL
        "database is locked" | "locking protocol" => Some(Plight::Busy),
        // SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_NOMEM: the next connection may do better. SQLITE_READONLY: a disk that was
        // mounted read-only after an error.
        "unable to open database file"
        | "disk I/O error"
        | "out of memory"
        | "attempt to write a readonly database" => Some(Plight::Lost),
        // SQLITE_LOCKED: the texts name the table.
        other => ["database table is locked", "database schema is locked"]
            .iter()
            .any(|start| other.starts_with(start))
            .then_some(Plight::Busy),
    }
}

#[cfg(test)]
mod tests {
    use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

    use crate::error::{Plight, Report, failure};

    /// What the linked library says to a statement.
    fn plight_of(connection: &mut SqliteConnection, statement: &str) -> Option<Plight> {
        match connection.batch_execute(statement) {
            Ok(()) => panic!("must fail: {statement}"),
            Err(error) => failure(error, Report::Sqlite).plight,
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
        assert_eq!(plight_of(&mut one, "INSERT INTO t VALUES (zeroblob(9999))"), Some(Plight::Full));
        run(&mut one, "BEGIN IMMEDIATE");
        let mut other = open(&file);
        assert_eq!(plight_of(&mut other, "BEGIN IMMEDIATE"), Some(Plight::Busy));
        run(&mut one, "ROLLBACK; PRAGMA query_only = ON");
        assert_eq!(plight_of(&mut one, "INSERT INTO t VALUES (1)"), Some(Plight::Lost));
        // A directory in the place of the journal.
        std::fs::create_dir(directory.path().join("test.db-journal")).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plight_of(&mut other, "INSERT INTO t VALUES (1)"), Some(Plight::Lost));
        assert_eq!(plight_of(&mut other, "SELECT * FROM nothing"), None);
    }
}
