//! Brings the schema up to date, once, however many processes start together.

use std::{collections::BTreeSet, error::Error, path::Path};

use diesel::{
    QueryableByName, backend::Backend, connection::SimpleConnection, migration::MigrationSource, sql_query,
    sql_types::Text,
};
use diesel_async::{AsyncMigrationHarness, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio_postgres::Config;

use super::{
    open_error::OpenError,
    pool::{self, Access},
    postgres::{self, PgConnection},
};
use crate::error::{self, Report, SqlState};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

type Fault = Box<dyn Error + Send + Sync>;

/// The lock is of the session, not of a transaction, so that a migration may do what no transaction can. It goes with the
/// connection, which is closed at the end. The number is any that nobody else on the database uses.
const LOCK: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s';
    SELECT pg_advisory_lock(8387236824920056683)";

/// Looks first: a role that can't change the schema may serve when nothing is to be changed.
pub(super) async fn postgres(config: &Config) -> Result<(), OpenError> {
    let mut connection = postgres::connect(config).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
    if is_current::<diesel::pg::Pg>(&POSTGRES, &applied(&mut connection).await?)? {
        return Ok(());
    }
    let (mut connection, listener) = connection.into_parts();
    connection.batch_execute(LOCK).await.map_err(|fault| failed(fault, listener.error()))?;
    // On a thread of its own: the runner blocks, which a runtime's worker must not do.
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

/// The migrations that were applied; none where there is no table of them.
async fn applied(connection: &mut PgConnection) -> Result<BTreeSet<String>, OpenError> {
    let (driver, heard) = connection.parts();
    let query = sql_query("SELECT version FROM __diesel_schema_migrations");
    match query.load::<Applied>(driver).await {
        Ok(rows) => Ok(rows.into_iter().map(|row| row.version).collect()),
        Err(_) if heard.error() == Some(SqlState::UNDEFINED_TABLE) => Ok(BTreeSet::new()),
        Err(fault) => Err(failed(fault, heard.error())),
    }
}

/// Whether all migrations were applied, and no other.
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
    let error::Failure { error, plight } = error::failure(fault, Report::Postgres(state));
    if passes || plight.is_some() { OpenError::Unavailable(error.into()) } else { OpenError::Prepare(error.into()) }
}

/// A role without the right to change the schema waits until `tessera migrate` has run as its owner.
fn unmigrated(fault: Fault, state: Option<SqlState>) -> OpenError {
    match state {
        Some(SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Unavailable(Box::new(NotAllowed(fault))),
        Some(state) if error::late_failure(state).plight.is_some() => OpenError::Unavailable(fault),
        _ => OpenError::Prepare(fault),
    }
}

/// The role may not change the schema, and it has to be changed.
#[derive(Debug, thiserror::Error)]
#[error("the schema has to be migrated, and this role must not do it: run tessera migrate as the owner of the schema")]
struct NotAllowed(#[source] Fault);

/// Blocks.
pub(super) fn sqlite(file: &Path) -> Result<(), OpenError> {
    let mut connection = pool::open(file, Access::Migrate).map_err(unopened)?;
    // Another process may be at it; its migrations may take a while.
    connection.batch_execute("PRAGMA busy_timeout = 60000").map_err(unprepared)?;
    // The lock for writing, taken before the first look, is what makes the second process find the work done.
    let prepared = connection.immediate_transaction(|connection| {
        let applied = connection.applied_migrations().map_err(OpenError::Prepare)?;
        let applied = applied.iter().map(ToString::to_string).collect();
        if !is_current::<diesel::sqlite::Sqlite>(&SQLITE, &applied)? {
            connection.run_pending_migrations(SQLITE).map_err(OpenError::Prepare)?;
        }
        // A write for the sake of writing: a file that can only be read opens without complaint, and must not serve.
        Ok(connection.batch_execute("PRAGMA user_version = 1")?)
    });
    prepared.map_err(|Stopped(error)| error)
}

/// Ends the transaction of the migrations.
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
