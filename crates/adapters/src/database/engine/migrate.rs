//! Schema migrations, which run once even if several processes start concurrently.

mod concurrent;

use std::{collections::BTreeSet, error::Error, path::Path, time::Duration};

use diesel::{
    QueryableByName, SqliteConnection,
    backend::Backend,
    connection::SimpleConnection,
    migration::{Migration, MigrationSource},
    pg::Pg,
    sql_query,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    error::{self, Report, SqlState},
    locks::TRY_LOCK_MIGRATIONS,
    move_marks,
    open_error::OpenError,
    postgres::{self, Listener, PgConnection, server::Server},
    schema_change::SchemaChange,
    sqlite::file::{self, Access},
};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

type Fault = Box<dyn Error + Send + Sync>;

/// Settings of the session. A migration that waits for the lock on a table stops all later statements on it, so it waits for
/// one second and tries again.
const SETTINGS: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '1s'";

/// The number of attempts of a migration whose lock is not available, and the pause after each.
const ATTEMPTS: u32 = 60;
const PAUSE: Duration = Duration::from_millis(500);

/// The number of requests, and the pause after each: one minute.
const LOCK_REQUESTS: u32 = 300;
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// Applies pending migrations, or fails if there are any. The applied versions are read first: a role that cannot change
/// the schema is sufficient if no migration is pending.
pub(in crate::database) async fn postgres(server: &Server, schema: SchemaChange) -> Result<(), OpenError> {
    let mut connection = postgres::connect(server).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
    if is_current::<Pg>(&POSTGRES, &applied(&mut connection).await?)? {
        return Ok(());
    }
    if schema == SchemaChange::Require {
        return Err(pending());
    }
    let (mut connection, listener) = connection.into_parts();
    listener.forget();
    connection.batch_execute(SETTINGS).await.map_err(|fault| failed(fault, listener.error()))?;
    let locked = match lock(&mut connection).await {
        Ok(taken) => taken.then_some(None),
        Err(_) if listener.error().is_some_and(SqlState::is_missing_function) => lock_row(server).await?.map(Some),
        Err(fault) => return Err(failed(fault, listener.error())),
    };
    let Some(_holder) = locked else {
        return Err(OpenError::Unavailable("another process has been migrating the schema for a minute".into()));
    };
    // The migration runner blocks, which an async worker must not do.
    let running = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(connection);
        let pending = harness.pending_migrations(POSTGRES).map_err(|fault| unmigrated(fault, listener.error()))?;
        pending.into_iter().try_for_each(|migration| apply(&mut harness, &listener, &*concurrent::prepared(migration)))
    });
    running.await.map_err(|ended| OpenError::Prepare(ended.into()))?
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Takes the migration lock, or returns `false` if another process does not release it. No statement waits for it: an
/// index that the other process creates concurrently would wait for that statement.
async fn lock(connection: &mut AsyncPgConnection) -> diesel::QueryResult<bool> {
    for _ in 0..LOCK_REQUESTS {
        let lock: Lock = sql_query(TRY_LOCK_MIGRATIONS).get_result(connection).await?;
        if lock.taken {
            return Ok(true);
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Ok(false)
}

/// Locks a row in place of the advisory lock, in a transaction on a connection of its own: the migrations end the
/// transactions on theirs. The lock ends with the connection. No statement waits for it either.
async fn lock_row(server: &Server) -> Result<Option<PgConnection>, OpenError> {
    let mut holder = postgres::connect(server).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
    let (mut driver, heard) = holder.parts();
    for statement in [
        SETTINGS,
        "CREATE TABLE IF NOT EXISTS __tessera_migration_lock (id integer PRIMARY KEY)",
        "INSERT INTO __tessera_migration_lock VALUES (1) ON CONFLICT DO NOTHING",
    ] {
        heard.forget();
        match driver.batch_execute(statement).await {
            Err(_) if heard.error().is_some_and(SqlState::is_created_twice) => {}
            done => done.map_err(|fault| failed(fault, heard.error()))?,
        }
    }
    for _ in 0..LOCK_REQUESTS {
        heard.forget();
        match driver.batch_execute("BEGIN; SELECT id FROM __tessera_migration_lock FOR UPDATE NOWAIT").await {
            Ok(()) => return Ok(Some(holder)),
            Err(_) if heard.error() == Some(SqlState::LOCK_NOT_AVAILABLE) => {}
            Err(fault) => return Err(failed(fault, heard.error())),
        }
        driver.batch_execute("ROLLBACK").await.map_err(|fault| failed(fault, heard.error()))?;
        tokio::time::sleep(LOCK_PAUSE).await;
    }
    Ok(None)
}

/// Runs a migration, again if other transactions hold a lock that it needs. Blocks the thread.
fn apply(
    harness: &mut AsyncMigrationHarness<AsyncPgConnection>,
    listener: &Listener,
    migration: &dyn Migration<Pg>,
) -> Result<(), OpenError> {
    let mut attempt = 1;
    loop {
        listener.forget();
        let Err(fault) = harness.run_migration(migration) else { return Ok(()) };
        let state = listener.error();
        if state != Some(SqlState::LOCK_NOT_AVAILABLE) || attempt == ATTEMPTS {
            return Err(unmigrated(fault, state));
        }
        if attempt == 1 {
            tracing::info!(migration = %migration.name(), "waiting for a lock on a table of the schema");
        }
        attempt += 1;
        std::thread::sleep(PAUSE);
    }
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
    move_marks::require_not_moved(&mut connection)?;
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

/// Fails if the database has a migration that this version does not know.
pub(super) fn check_known(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let applied = connection.applied_migrations().map_err(OpenError::Prepare)?;
    is_current::<diesel::sqlite::Sqlite>(&SQLITE, &applied.iter().map(ToString::to_string).collect()).map(drop)
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
pub(in crate::database) fn pending_count(is_postgres: bool, applied: &BTreeSet<String>) -> Result<usize, OpenError> {
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
