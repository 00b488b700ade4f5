//! Opening of a SQLite file.

use std::{path::Path, thread, time::Duration};

use diesel::{
    Connection, ConnectionError, ConnectionResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection, sql_query, sql_types::Text,
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::database::engine::error;

/// Characters of a path that would end it in a URI.
const IN_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// Purpose of a SQLite connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum Access {
    /// Returns `SQLITE_BUSY` at once, and waits for locks only where a job may wait.
    Read,
    Write,
    /// Migrations. Foreign keys are not enforced, because rebuilding a table violates them temporarily.
    Migrate,
    /// Diagnosis, which writes nothing, and creates no file.
    Inspect,
}

/// Opens the file, and creates it if it does not exist.
pub(in crate::database::engine) fn create(path: &Path) -> ConnectionResult<SqliteConnection> {
    let unusable = || ConnectionError::BadConnection("the path of the database is not UTF-8".to_owned());
    SqliteConnection::establish(path.to_str().ok_or_else(unusable)?)
}

/// Opens and configures a SQLite connection. Blocks the thread.
pub(in crate::database) fn open(file: &Path, access: Access) -> ConnectionResult<SqliteConnection> {
    if access == Access::Inspect {
        return inspect(file);
    }
    let mut connection = create(file)?;
    // The timeout comes first, so that it applies to the statements after it.
    pragma(&mut connection, "PRAGMA busy_timeout = 5000")?;
    enter_wal(&mut connection)?;
    // Acknowledged writes also survive a power failure: a revoked key or an ended session must not become valid again.
    // FULL waits for the disk in each commit. With NORMAL, the acknowledgement waits; see `wal_sync`.
    let synchronous = if access == Access::Write { "NORMAL" } else { "FULL" };
    pragma(&mut connection, &format!("PRAGMA synchronous = {synchronous}"))?;
    pragma(
        &mut connection,
        match access {
            Access::Read => "PRAGMA foreign_keys = ON; PRAGMA query_only = ON; PRAGMA busy_timeout = 0",
            Access::Write => "PRAGMA foreign_keys = ON",
            Access::Migrate | Access::Inspect => "PRAGMA foreign_keys = OFF",
        },
    )?;
    Ok(connection)
}

/// Returns whether a process has the database open, or has left a log or a journal behind.
pub(in crate::database::engine) fn has_log(file: &Path) -> bool {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        Path::new(&name).exists()
    };
    beside("-wal") || beside("-journal")
}

/// Opens the file for reading, and fails if it does not exist. Without a log, all data is in the file. SQLite would create a
/// log even for a reader, and leave it behind. `immutable=1` prevents this.
fn inspect(file: &Path) -> ConnectionResult<SqliteConnection> {
    let unusable = || ConnectionError::BadConnection("the path of the database is not UTF-8".to_owned());
    let path = utf8_percent_encode(file.to_str().ok_or_else(unusable)?, IN_URI);
    let option = if has_log(file) { "mode=ro" } else { "mode=ro&immutable=1" };
    let mut connection = SqliteConnection::establish(&format!("file:{path}?{option}"))?;
    pragma(&mut connection, "PRAGMA query_only = ON; PRAGMA busy_timeout = 0")?;
    Ok(connection)
}

fn pragma(connection: &mut SqliteConnection, statement: &str) -> ConnectionResult<()> {
    connection.batch_execute(statement).map_err(ConnectionError::CouldntSetupConfiguration)
}

#[derive(QueryableByName)]
struct Mode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

/// Switches to WAL mode. Two processes may open a new file concurrently. The switch needs exclusive access and does not
/// always wait for it, so it is retried.
fn enter_wal(connection: &mut SqliteConnection) -> ConnectionResult<()> {
    const TRIES: u32 = 250;
    let mut tried = 0;
    loop {
        match sql_query("PRAGMA journal_mode = WAL").get_result::<Mode>(connection) {
            Err(fault) if error::is_busy(&fault) && tried < TRIES => {
                tried += 1;
                thread::sleep(Duration::from_millis(20));
            }
            // SQLite keeps another mode where it cannot share memory, such as on some network file systems.
            Ok(Mode { journal_mode }) if journal_mode != "wal" => {
                let text = format!("the file system of the database does not support WAL mode, only {journal_mode:?}");
                return Err(ConnectionError::BadConnection(text));
            }
            done => return done.map(drop).map_err(ConnectionError::CouldntSetupConfiguration),
        }
    }
}
