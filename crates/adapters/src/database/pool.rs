//! Pools of connections, and how a connection is set up.

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
    postgres::PgManager,
};
use crate::error;

pub(super) type LitePool = Pool<AsyncDieselConnectionManager<LiteConnection>>;

/// How many connections of a pool somebody holds.
pub(super) fn held(status: &deadpool::Status) -> usize {
    status.size.saturating_sub(status.available)
}

/// What a pool is built from.
pub(super) struct PoolSettings {
    pub(super) size: usize,
    pub(super) timeout: Duration,
    /// Where connections live.
    pub(super) runtime: Handle,
}

/// Connections that live on that runtime, or on whichever first asks for one.
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

/// What a connection to the embedded database is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Changing the schema: references are not enforced meanwhile, since rebuilding a table breaks them for a moment.
    Migrate,
}

/// Opens the file, and makes it where there is none.
pub(super) fn create(file: &Path) -> ConnectionResult<SqliteConnection> {
    let unusable = || ConnectionError::BadConnection("the path of the database is not UTF-8".to_owned());
    SqliteConnection::establish(file.to_str().ok_or_else(unusable)?)
}

/// Opens the embedded database. Blocks.
pub(super) fn open(file: &Path, access: Access) -> ConnectionResult<SqliteConnection> {
    let mut connection = create(file)?;
    // First of all: it covers the statements after it.
    pragma(&mut connection, "PRAGMA busy_timeout = 5000")?;
    enter_wal(&mut connection)?;
    // FULL: what was acknowledged survives a loss of power too. A revoked key or an ended session must not come back.
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

/// Two processes that open a new file at once meet here: the switch needs the file alone and does not always wait for it.
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
