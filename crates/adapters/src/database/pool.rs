//! Pools of connections, and how a connection is set up.

use std::{path::Path, sync::Arc, thread, time::Duration};

use deadpool::Runtime;
use diesel::{Connection, ConnectionError, ConnectionResult, SqliteConnection, connection::SimpleConnection};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod, deadpool::Pool,
    },
};
use futures_util::{FutureExt, future::BoxFuture};
use tessera_kernel::StoreError;
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_postgres::{Config, NoTls};

use super::{
    connection::{Blocking, Conn, Lease, LiteConnection},
    per_runtime::PostgresPools,
};
use crate::error;

/// Either database, with its connections.
pub(super) enum Pools {
    Postgres(Box<PostgresPools>),
    /// SQLite has one writer at a time. With one connection for it, writers queue here and not in the file's lock.
    Sqlite {
        readers: Pool<LiteConnection>,
        writer: Pool<LiteConnection>,
        runtime: Handle,
    },
}

impl Pools {
    pub(super) async fn reader(&self) -> Result<Lease, StoreError> {
        match self {
            Self::Postgres(pools) => lend_postgres(pools).await,
            Self::Sqlite { readers, runtime, .. } => lend_sqlite(readers, runtime).await,
        }
    }

    pub(super) async fn writer(&self) -> Result<Lease, StoreError> {
        match self {
            Self::Postgres(pools) => lend_postgres(pools).await,
            Self::Sqlite { writer, runtime, .. } => lend_sqlite(writer, runtime).await,
        }
    }

    /// How many connections somebody holds.
    pub(super) fn in_use(&self) -> usize {
        match self {
            Self::Postgres(pools) => pools.in_use(),
            Self::Sqlite { readers, writer, .. } => held(&readers.status()) + held(&writer.status()),
        }
    }
}

/// How many connections of a pool somebody holds.
pub(super) fn held(status: &deadpool::Status) -> usize {
    status.size.saturating_sub(status.available)
}

async fn lend_postgres(pools: &PostgresPools) -> Result<Lease, StoreError> {
    let (pool, runtime) = pools.here()?;
    let object = pool.get().await.map_err(error::from_pool)?;
    Ok(Lease::new(Conn::Postgres(object), runtime))
}

async fn lend_sqlite(pool: &Pool<LiteConnection>, runtime: &Handle) -> Result<Lease, StoreError> {
    let object = pool.get().await.map_err(error::from_pool)?;
    Ok(Lease::new(Conn::Sqlite(object), runtime.clone()))
}

/// What a pool is built from.
pub(super) struct PoolSettings {
    pub(super) size: usize,
    pub(super) timeout: Duration,
    /// Where connections live.
    pub(super) runtime: Handle,
}

type Built<C> = Result<Pool<C>, diesel_async::pooled_connection::deadpool::BuildError>;

/// Connections that live on that runtime, or on whichever first asks for one.
pub(super) fn postgres(config: Config, runtime: Option<Handle>, settings: &PoolSettings) -> Built<AsyncPgConnection> {
    let config = Arc::new(config);
    build(settings, move || {
        let config = Arc::clone(&config);
        let runtime = runtime.clone().unwrap_or_else(Handle::current);
        outcome(runtime.spawn(async move { connect(&config).await }))
    })
}

pub(super) fn sqlite(file: &Path, access: Access, settings: &PoolSettings) -> Built<LiteConnection> {
    let (file, runtime) = (file.to_owned(), settings.runtime.clone());
    build(settings, move || {
        let (file, handle) = (file.clone(), runtime.clone());
        outcome(runtime.spawn_blocking(move || {
            let connection = open(&file, access)?;
            Ok(LiteConnection::with_runtime(connection, Blocking(handle)))
        }))
    })
}

fn build<C>(
    settings: &PoolSettings,
    make: impl Fn() -> BoxFuture<'static, ConnectionResult<C>> + Send + Sync + 'static,
) -> Built<C>
where
    C: PoolableConnection + 'static,
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
{
    let mut config = ManagerConfig::default();
    // A connection that broke while it rested is told by its socket; asking at each loan would double the round trips.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| make());
    Pool::builder(AsyncDieselConnectionManager::new_with_config("", config))
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

/// A connection to PostgreSQL on which nothing can wait or rest in a transaction for ever.
pub(super) async fn connect(config: &Config) -> ConnectionResult<AsyncPgConnection> {
    let bad = |fault: tokio_postgres::Error| ConnectionError::BadConnection(error::in_full(&fault));
    let (client, driver) = config.connect(NoTls).await.map_err(bad)?;
    let mut connection = AsyncPgConnection::try_from_client_and_connection(client, driver).await?;
    connection
        .batch_execute(
            "SET statement_timeout = '10s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'",
        )
        .await
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
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
