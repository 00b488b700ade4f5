//! The SQLite database that is moved.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{LoadConnection, SimpleConnection as _},
    sql_query,
    sql_types::{BigInt, Binary, Integer, Text},
};
use tokio::task::JoinHandle;

use super::{
    move_error::MoveError,
    rows::{Key, Rows},
    tables::{FoundColumn, Range, Table},
};
use crate::{
    crypto::MasterKey,
    database::engine::{
        migrate,
        move_marks::{self, MOVED_TO, MovedTo},
        sqlite::file::{self, Access},
    },
};

/// A connection to the database that is moved. Its statements run on the threads for blocking work.
pub(super) struct Source {
    connection: Arc<Mutex<SqliteConnection>>,
    /// Identifies the database in the mark of its target.
    pub(super) id: String,
    /// Where the rows are now, if the database was moved.
    pub(super) moved_to: Option<MovedTo>,
}

/// What other processes may do with the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// Read and write. The source stays the same for this connection.
    Write,
    /// Only read.
    Read,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct StoredSecret {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Integer)]
    key: i32,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

impl Source {
    /// Opens the database, and begins the transaction in which all is read. Waits up to a minute for other writers.
    pub(super) async fn open(file: &Path, key: &MasterKey, others: Others) -> Result<Self, MoveError> {
        let mut connection = open_file(file).await?;
        let opening = tokio::task::spawn_blocking(move || {
            connection.batch_execute("PRAGMA busy_timeout = 60000")?;
            connection.batch_execute(match others {
                Others::Write => "BEGIN",
                Others::Read => "BEGIN IMMEDIATE",
            })?;
            let moved_to = move_marks::read_moved_to(&mut connection)?;
            check_schema(&mut connection)?;
            let secrets = "SELECT name, sealed, created_at FROM secrets ORDER BY created_at, name";
            let secrets: Vec<StoredSecret> = sql_query(secrets).load(&mut connection)?;
            Ok((connection, moved_to, secrets))
        });
        let (connection, moved_to, secrets) = finished(opening).await?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), id: check_secrets(&secrets, key)?, moved_to })
    }

    /// Starts work on the thread of the connection, at once.
    fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, MoveError> + Send + 'static,
    ) -> JoinHandle<Result<T, MoveError>> {
        let connection = Arc::clone(&self.connection);
        tokio::task::spawn_blocking(move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The columns of all tables.
    pub(super) async fn columns(&self) -> Result<Vec<FoundColumn>, MoveError> {
        let query = format!(
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS type_name, c.pk AS key
            FROM sqlite_schema m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> '{MOVED_TO}'
            ORDER BY m.name, c.cid"
        );
        let columns: Vec<FoundRow> = finished(self.start(move |it| Ok(sql_query(query).load(it)?))).await?;
        let found = |column: FoundRow| FoundColumn {
            table: column.table_name,
            name: column.column_name,
            type_name: column.type_name,
            key: usize::try_from(column.key).unwrap_or_default(),
        };
        Ok(columns.into_iter().map(found).collect())
    }

    /// The number of rows of all tables.
    pub(super) async fn count(&self, tables: &[Arc<Table>]) -> Result<u64, MoveError> {
        let counts = tables.iter().map(|table| format!("(SELECT count(*) FROM {})", table.quoted_name()));
        let query = format!("SELECT {} AS rows", counts.collect::<Vec<_>>().join(" + "));
        let count: Count = finished(self.start(move |it| Ok(sql_query(query).get_result(it)?))).await?;
        Ok(u64::try_from(count.rows).unwrap_or_default())
    }

    /// Starts to read the range after a key, so that it is read while the one before it is written.
    pub(super) fn read(&self, table: &Arc<Table>, after: Option<Key>) -> JoinHandle<Result<Range, MoveError>> {
        let table = Arc::clone(table);
        self.start(move |connection| {
            let (kinds, query) = (table.kinds(), sql_query(table.sqlite_rows(after.as_ref())));
            let mut rows = Rows::default();
            for row in LoadConnection::load(connection, query)? {
                rows.push(&row?, &kinds).map_err(|fault| MoveError::table(&table.name, fault))?;
                if table.is_full(&rows) {
                    let last = rows.last_key(&table.key_kinds());
                    return Ok(Range { after, last, rows });
                }
            }
            Ok(Range { after, last: None, rows })
        })
    }

    /// Makes the source reject writes for ever, and ends the transaction.
    pub(super) async fn close(&self, mark: MovedTo) -> Result<(), MoveError> {
        let closing = self.start(move |connection| {
            move_marks::close_source(connection, &mark)?;
            Ok(connection.batch_execute("COMMIT")?)
        });
        finished(closing).await
    }
}

/// Waits for work, and returns its result.
pub(super) async fn finished<T>(work: JoinHandle<Result<T, MoveError>>) -> Result<T, MoveError> {
    work.await.map_err(MoveError::source)?
}

async fn open_file(file: &Path) -> Result<SqliteConnection, MoveError> {
    let file = file.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let missing = |_| MoveError::NoDatabase(file.display().to_string());
        let file = std::fs::canonicalize(&file).map_err(missing)?;
        // Foreign keys are not enforced. Nothing is deleted.
        file::open(&file, Access::Migrate).map_err(MoveError::source)
    });
    finished(opening).await
}

/// Reads the mark of a source, without any other check.
pub(super) async fn moved_to(file: &Path) -> Result<Option<MovedTo>, MoveError> {
    let mut connection = open_file(file).await?;
    finished(tokio::task::spawn_blocking(move || Ok(move_marks::read_moved_to(&mut connection)?))).await
}

/// Makes a moved source accept writes.
pub(super) async fn reopen(file: &Path) -> Result<(), MoveError> {
    let mut connection = open_file(file).await?;
    let reopening = tokio::task::spawn_blocking(move || {
        connection.batch_execute("PRAGMA busy_timeout = 60000; BEGIN IMMEDIATE")?;
        move_marks::reopen_source(&mut connection)?;
        Ok(connection.batch_execute("COMMIT")?)
    });
    finished(reopening).await
}

fn check_schema(connection: &mut SqliteConnection) -> Result<(), MoveError> {
    let failed = |reason: String| MoveError::Schema { of: "source", reason };
    let tables = "SELECT name AS text FROM sqlite_schema WHERE name = '__diesel_schema_migrations'";
    let tables: Vec<Line> = sql_query(tables).load(connection)?;
    if tables.is_empty() {
        return Err(failed("it has no tables".to_owned()));
    }
    let versions = "SELECT version AS text FROM __diesel_schema_migrations";
    let versions: Vec<Line> = sql_query(versions).load(connection)?;
    let versions: BTreeSet<String> = versions.into_iter().map(|line| line.text).collect();
    match migrate::pending_count(false, &versions)? {
        0 => Ok(()),
        pending => Err(failed(format!("{pending} migrations are pending; run tessera migrate first"))),
    }
}

/// Checks that the key opens all secrets, and returns the id of the database. It is a digest of its first secret, which every
/// copy of the database has, and no other one.
fn check_secrets(secrets: &[StoredSecret], key: &MasterKey) -> Result<String, MoveError> {
    for secret in secrets {
        key.open(&secret.name, &secret.sealed).map_err(|_| MoveError::WrongKey(secret.name.clone()))?;
    }
    let first = secrets.first().ok_or(MoveError::NothingToMove)?;
    let opened = key.open(&first.name, &first.sealed).map_err(|_| MoveError::WrongKey(first.name.clone()))?;
    // A digest of a digest: the id is stored in the open.
    let named = [b"tessera move ", first.name.as_bytes(), &first.created_at.to_be_bytes(), &opened].concat();
    Ok(data_encoding::HEXLOWER.encode(digest(&SHA256, &named).as_ref()))
}
