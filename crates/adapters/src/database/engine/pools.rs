//! Connection pools of the active database.

use std::{fmt, sync::Arc, time::Duration};

use deadpool::managed::{Manager, Pool};
use tessera_kernel::StoreError;
use tokio::{runtime::Handle, time::timeout};

use super::{
    connection::{Conn, PooledConnection},
    deferred::PgDeferred,
    error,
    per_runtime::{self, PostgresPools},
    pool::{CountConnections, LitePool, PoolConnections, PoolKind, counted, held},
    postgres::PgManager,
    sqlite::{LiteConnection, ReadQueue, WalSync},
};

/// Connection pools of the active database.
pub(super) enum Pools {
    Postgres(Box<PostgresPools>),
    /// SQLite has one writer at a time. With one write connection, writers queue in the pool and not at the lock of the
    /// file.
    Sqlite {
        readers: LitePool,
        writer: LitePool,
        read_queue: Arc<ReadQueue>,
        wal: Arc<WalSync>,
    },
}

impl Pools {
    pub(super) async fn reader(&self) -> Result<PooledConnection, StoreError> {
        match self {
            Self::Postgres(pools) => lend_postgres(pools).await,
            Self::Sqlite { readers, read_queue, .. } => lend_sqlite(readers, read_queue, None).await,
        }
    }

    /// Returns a connection that may write. Outside a transaction it is for one statement: on SQLite, a statement that commits
    /// gives the connection back.
    pub(super) async fn writer(&self) -> Result<PooledConnection, StoreError> {
        match self {
            Self::Postgres(pools) => lend_postgres(pools).await,
            Self::Sqlite { writer, read_queue, wal, .. } => {
                self.check_log()?;
                lend_sqlite(writer, read_queue, Some(wal)).await
            }
        }
    }

    /// Checks that commits can be acknowledged; see [`WalSync`].
    pub(super) fn check_log(&self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(_) => Ok(()),
            Self::Sqlite { wal, .. } => wal.check().map_err(|error| StoreError::Unavailable(Box::new(error))),
        }
    }

    /// Returns the pool that a caller gets its connection from.
    pub(super) fn kind(&self, writes: bool) -> PoolKind {
        let second = match self {
            Self::Postgres(_) => !per_runtime::on_worker(),
            Self::Sqlite { .. } => writes,
        };
        if second { PoolKind::Second } else { PoolKind::First }
    }

    /// Returns the number of connections in use.
    pub(super) fn in_use(&self) -> usize {
        match self {
            Self::Postgres(pools) => pools.in_use(),
            Self::Sqlite { readers, writer, .. } => held(&readers.status()) + held(&writer.status()),
        }
    }
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools")
    }
}

impl CountConnections for Pools {
    fn connections(&self) -> [PoolConnections; 2] {
        match self {
            Self::Postgres(pools) => pools.connections(),
            Self::Sqlite { readers, writer, .. } => [counted(&readers.status()), counted(&writer.status())],
        }
    }
}

/// A pool of one connection, which is not counted as in use.
pub(super) enum Single {
    Postgres { pool: Pool<PgManager>, runtime: Handle },
    Sqlite { pool: LitePool, read_queue: Arc<ReadQueue> },
}

impl Single {
    pub(super) async fn lend(&self) -> Result<PooledConnection, StoreError> {
        match self {
            Self::Postgres { pool, runtime } => {
                let conn = Conn::Postgres {
                    object: get(pool).await?,
                    deferred: PgDeferred::default(),
                    runtime: runtime.clone(),
                };
                Ok(PooledConnection::new(conn))
            }
            Self::Sqlite { pool, read_queue } => lend_sqlite(pool, read_queue, None).await,
        }
    }
}

async fn lend_postgres(pools: &PostgresPools) -> Result<PooledConnection, StoreError> {
    let (pool, runtime) = pools.here()?;
    let object = get(&pool).await?;
    Ok(PooledConnection::new(Conn::Postgres { object, deferred: PgDeferred::default(), runtime }))
}

/// Takes a connection from the pool. The pool limits the wait for a connection and the time to open one. This function
/// limits both together.
async fn get<M>(pool: &Pool<M>) -> Result<deadpool::managed::Object<M>, StoreError>
where
    M: Manager<Error: std::error::Error + Send + Sync + 'static>,
{
    let got = match pool.timeouts().wait {
        // Slightly more than the limit of the pool, so that the pool can report which of the two limits was exceeded.
        Some(limit) => timeout(limit + Duration::from_millis(10), pool.get()).await,
        None => Ok(pool.get().await),
    };
    match got {
        Ok(got) => got.map_err(error::from_pool),
        Err(late) => Err(StoreError::Unavailable(Box::new(late))),
    }
}

/// Lends a connection that reads, or one that writes to a log.
async fn lend_sqlite(
    pool: &LitePool,
    read_queue: &Arc<ReadQueue>,
    wal: Option<&Arc<WalSync>>,
) -> Result<PooledConnection, StoreError> {
    Ok(PooledConnection::new(Conn::Sqlite(LiteConnection::new(get(pool).await?, read_queue, wal))))
}
