//! Connection pools and the setup of connections.

use std::{path::Path, sync::Arc, thread, time::Duration};

use deadpool::Runtime;
use deadpool::managed::{BuildError, Manager, Pool};
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection, connection::SimpleConnection};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_postgres::Config;

use super::{
    connection::{Blocking, LiteConnection},
    error,
    postgres::PgManager,
};

pub(super) type LitePool = Pool<AsyncDieselConnectionManager<LiteConnection>>;

/// Returns the number of connections of a pool that are in use.
pub(super) fn held(status: &deadpool::Status) -> usize {
    status.size.saturating_sub(status.available)
}

pub(super) struct PoolSettings {
    pub(super) size: usize,
    pub(super) timeout: Duration,
    /// Runtime of the connections.
    pub(super) runtime: Handle,
}

/// Creates a PostgreSQL pool. Its connections live on `runtime`, or on the runtime that first requests one.
pub(super) fn postgres(
    config: Config,
    runtime: Option<Handle>,
    settings: &PoolSettings,
) -> Result<Pool<PgManager>, BuildError> {
    build(PgManager { config: Arc::new(config), runtime }, settings)
}

pub(super) fn sqlite(file: &Path, access: Access, settings: &PoolSettings) -> Result<LitePool, BuildError> {
    let (file, runtime) = (file.to_owned(), settings.runtime.clone());
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let (file, handle) = (file.clone(), runtime.clone());
        outcome(runtime.spawn_blocking(move || {
            let connection = open(&file, access)?;
            Ok(LiteConnection::with_runtime(connection, Blocking(handle)))
        }))
    });
    build(AsyncDieselConnectionManager::new_with_config("", config), settings)
}

fn build<M: Manager>(manager: M, settings: &PoolSettings) -> Result<Pool<M>, BuildError> {
    Pool::builder(manager)
        .max_size(settings.size.max(1))
        .wait_timeout(Some(settings.timeout))
        .create_timeout(Some(settings.timeout))
        .recycle_timeout(Some(settings.timeout))
        .runtime(Runtime::Tokio1)
        .build()
}

fn outcome<C: Send + 'static>(task: JoinHandle<ConnectionResult<C>>) -> BoxFuture<'static, ConnectionResult<C>> {
    task.map(|ended| ended.unwrap_or_else(|fault| Err(ConnectionError::BadConnection(fault.to_string())))).boxed()
}

/// Purpose of a SQLite connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Migrations. Foreign keys are not enforced, because rebuilding a table violates them temporarily.
    Migrate,
}

/// Opens the file, and creates it if it does not exist.
pub(super) fn create(file: &Path) -> ConnectionResult<SqliteConnection> {
    let unusable = || ConnectionError::BadConnection("the path of the database is not UTF-8".to_owned());
    SqliteConnection::establish(file.to_str().ok_or_else(unusable)?)
}

/// Opens and configures a SQLite connection. Blocks the thread.
pub(super) fn open(file: &Path, access: Access) -> ConnectionResult<SqliteConnection> {
    let mut connection = create(file)?;
    // The timeout comes first, so that it applies to the statements after it.
    pragma(&mut connection, "PRAGMA busy_timeout = 5000")?;
    enter_wal(&mut connection)?;
    // FULL: acknowledged writes also survive a power failure. A revoked key or an ended session must not become valid
    // again.
    pragma(&mut connection, "PRAGMA synchronous = FULL")?;
    pragma(
        &mut connection,
        match access {
            Access::Read => "PRAGMA foreign_keys = ON; PRAGMA query_only = ON",
            Access::Write => "PRAGMA foreign_keys = ON",
            Access::Migrate => "PRAGMA foreign_keys = OFF",
        },
    )?;
    Ok(connection)
}

fn pragma(connection: &mut SqliteConnection, statement: &str) -> ConnectionResult<()> {
    connection.batch_execute(statement).map_err(ConnectionError::CouldntSetupConfiguration)
}

/// Switches to WAL mode. Two processes may open a new file concurrently. The switch needs exclusive access and does not
/// always wait for it, so it is retried.
fn enter_wal(connection: &mut SqliteConnection) -> ConnectionResult<()> {
    const TRIES: u32 = 250;
    let mut tried = 0;
    loop {
        match connection.batch_execute("PRAGMA journal_mode = WAL") {
            Err(fault) if error::is_busy(&fault) && tried < TRIES => {
                tried += 1;
                thread::sleep(Duration::from_millis(20));
            }
            done => return done.map_err(ConnectionError::CouldntSetupConfiguration),
        }
    }
}
