//! Brings the schema up to date, once, however many processes start together.

use std::{error::Error, path::Path};

use diesel::connection::SimpleConnection;
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use tokio_postgres::Config;

use super::pool::{self, Access};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// The lock is of the session, not of a transaction, so that a migration may do what no transaction can. It goes with the
/// connection, which is closed at the end. The number is any that nobody else on the database uses.
const LOCK: &str = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '60s';
    SELECT pg_advisory_lock(8387236824920056683)";

pub(super) async fn postgres(config: &Config) -> Outcome {
    let mut connection = pool::connect(config).await?;
    connection.batch_execute(LOCK).await?;
    // On a thread of its own: the runner blocks, which a runtime's worker must not do.
    tokio::task::spawn_blocking(move || {
        AsyncMigrationHarness::new(connection).run_pending_migrations(POSTGRES).map(|_| ())
    })
    .await?
}

/// Blocks.
pub(super) fn sqlite(file: &Path) -> Outcome {
    let mut connection = pool::open(file, Access::Migrate)?;
    // Another process may be at it; its migrations may take a while.
    connection.batch_execute("PRAGMA busy_timeout = 60000")?;
    // The lock for writing, taken before the first look, is what makes the second process find the work done.
    connection.immediate_transaction(|connection| {
        connection.run_pending_migrations(SQLITE)?;
        // A write for the sake of writing: a file that can only be read opens without complaint, and must not serve.
        Ok(connection.batch_execute("PRAGMA user_version = 1")?)
    })
}
