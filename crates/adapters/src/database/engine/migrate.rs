//! Schema migrations, which run once even if several processes start concurrently.

use std::{collections::BTreeSet, error::Error, path::Path};

use diesel::{
    QueryableByName, backend::Backend, connection::SimpleConnection, migration::MigrationSource, sql_query,
    sql_types::Text,
};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    error::{self, Report, SqlState},
    open_error::OpenError,
    postgres::{self, PgConnection, server::Server},
    schema_change::SchemaChange,
    sqlite::file::{self, Access},
};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

type Fault = Box<dyn Error + Send + Sync>;

/// Takes the migration lock. It belongs to the session and not to a transaction, so that a migration may run statements
/// that are not allowed in a transaction. The lock ends with the connection, which is closed afterwards. No other user
/// of the database may use the same number.
const LOCK: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s';
    SELECT pg_advisory_lock(8387236824920056683)";

/// Applies pending migrations, or fails if there are any. The applied versions are read first: a role that cannot change
/// the schema is sufficient if no migration is pending.
pub(super) async fn postgres(server: &Server, schema: SchemaChange) -> Result<(), OpenError> {
    let mut connection = postgres::connect(server).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
    if is_current::<diesel::pg::Pg>(&POSTGRES, &applied(&mut connection).await?)? {
        return Ok(());
    }
    if schema == SchemaChange::Require {
        return Err(pending());
    }
    let (mut connection, listener) = connection.into_parts();
    listener.forget();
    connection.batch_execute(LOCK).await.map_err(|fault| failed(fault, listener.error()))?;
    // The migration runner blocks, which an async worker must not do.
    let running = tokio::task::spawn_blocking(move || {
        let ran = AsyncMigrationHarness::new(connection).run_pending_migrations(POSTGRES).map(|_| ());
        ran.map_err(|fault| unmigrated(fault, listener.error()))
    });
    running.await.map_err(|ended| OpenError::Prepare(ended.into()))?
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Returns the applied versions. The set is empty if the table of migrations does not exist.
async fn applied(connection: &mut PgConnection) -> Result<BTreeSet<String>, OpenError> {
    let (mut driver, heard) = connection.parts();
    let query = sql_query("SELECT version FROM __diesel_schema_migrations");
    match query.load::<Applied>(&mut driver).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| row.version).collect()),
        Err(_) if heard.error() == Some(SqlState::UNDEFINED_TABLE) => Ok(BTreeSet::new()),
        Err(fault) => Err(failed(fault, heard.error())),
    }
}

/// Returns whether all known migrations are applied. Fails if an unknown migration is applied.
fn is_current<DB: Backend>(known: &EmbeddedMigrations, applied: &BTreeSet<String>) -> Result<bool, OpenError> {
    let known = MigrationSource::<DB>::migrations(known).map_err(OpenError::Prepare)?;
    let known: BTreeSet<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    match applied.difference(&known).next() {
        Some(version) => Err(OpenError::NewerSchema { version: version.clone() }),
        None => Ok(known.is_subset(applied)),
    }
}

fn failed(fault: diesel::result::Error, state: Option<SqlState>) -> OpenError {
    let passes = state == Some(SqlState::INSUFFICIENT_PRIVILEGE);
    let error::Failure { error, transient } = error::failure(fault, Report::Postgres(state));
    if passes || transient.is_some() { OpenError::Unavailable(error.into()) } else { OpenError::Prepare(error.into()) }
}

/// Translates an error of the migration runner. For a role that cannot change the schema, the database is unavailable
/// until `tessera migrate` has run as the owner.
fn unmigrated(fault: Fault, state: Option<SqlState>) -> OpenError {
    match state {
        Some(SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Unavailable(Box::new(NotAllowed(fault))),
        Some(state) if error::late_failure(state).transient.is_some() => OpenError::Unavailable(fault),
        _ => OpenError::Prepare(fault),
    }
}

/// A migration is pending, and the role must not change the schema.
#[derive(Debug, thiserror::Error)]
#[error("the schema has to be migrated, and this role must not do it: run tessera migrate as the owner of the schema")]
struct NotAllowed(#[source] Fault);

/// A migration is pending, and this process must not apply it.
#[derive(Debug, thiserror::Error)]
#[error("the schema has to be migrated, and TESSERA_MIGRATE is off: run tessera migrate")]
struct Pending;

/// The error of a database that another process has to migrate first.
pub(super) fn pending() -> OpenError {
    OpenError::Unavailable(Box::new(Pending))
}

/// Applies pending migrations, or fails if there are any. Blocks the thread.
pub(super) fn sqlite(path: &Path, schema: SchemaChange) -> Result<(), OpenError> {
    let mut connection = file::open(path, Access::Migrate).map_err(unopened)?;
    // Another process may be migrating, which can take long.
    connection.batch_execute("PRAGMA busy_timeout = 60000").map_err(unprepared)?;
    // The write lock is taken before the versions are read, so that a second process finds the migrations applied.
    let prepared = connection.immediate_transaction(|connection| {
        let applied = connection.applied_migrations().map_err(OpenError::Prepare)?;
        let applied = applied.iter().map(ToString::to_string).collect();
        if !is_current::<diesel::sqlite::Sqlite>(&SQLITE, &applied)? {
            if schema == SchemaChange::Require {
                return Err(pending().into());
            }
            connection.run_pending_migrations(SQLITE).map_err(OpenError::Prepare)?;
        }
        // A read-only file opens without an error, but must not be used. This write detects it.
        Ok(connection.batch_execute("PRAGMA user_version = 1")?)
    });
    prepared.map_err(|Stopped(error)| error)
}

/// Error that rolls back the transaction of the migrations.
struct Stopped(OpenError);

impl From<OpenError> for Stopped {
    fn from(error: OpenError) -> Self {
        Self(error)
    }
}

impl From<diesel::result::Error> for Stopped {
    fn from(fault: diesel::result::Error) -> Self {
        Self(unprepared(fault))
    }
}

fn unopened(fault: diesel::ConnectionError) -> OpenError {
    match fault {
        diesel::ConnectionError::CouldntSetupConfiguration(fault) => unprepared(fault),
        other => OpenError::Prepare(other.into()),
    }
}

fn unprepared(fault: diesel::result::Error) -> OpenError {
    if error::may_pass(&fault) { OpenError::Unavailable(fault.into()) } else { OpenError::Prepare(fault.into()) }
}

/// Returns the number of pending migrations. Fails if an unknown migration is applied.
pub(super) fn pending_count(is_postgres: bool, applied: &BTreeSet<String>) -> Result<usize, OpenError> {
    if is_postgres {
        pending_of::<diesel::pg::Pg>(&POSTGRES, applied)
    } else {
        pending_of::<diesel::sqlite::Sqlite>(&SQLITE, applied)
    }
}

fn pending_of<DB: Backend>(known: &EmbeddedMigrations, applied: &BTreeSet<String>) -> Result<usize, OpenError> {
    is_current::<DB>(known, applied)?;
    let known = MigrationSource::<DB>::migrations(known).map_err(OpenError::Prepare)?;
    Ok(known.iter().filter(|migration| !applied.contains(&migration.name().version().to_string())).count())
}
