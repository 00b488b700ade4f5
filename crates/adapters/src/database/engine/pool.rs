//! Connection pools.

use std::{path::Path, sync::Arc, time::Duration};

use deadpool::Runtime;
use deadpool::managed::{BuildError, Manager, Pool, QueueMode};
use tokio::runtime::Handle;

use super::{
    postgres::{PgManager, server::Server},
    sqlite::{LiteManager, file::Access},
};

pub(super) type LitePool = Pool<LiteManager>;

/// Returns the number of connections of a pool that are in use.
pub(super) fn held(status: &deadpool::Status) -> usize {
    status.size.saturating_sub(status.available)
}

/// The connections of a pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolConnections {
    /// Open connections that no one uses.
    pub idle: usize,
    /// Connections in use.
    pub used: usize,
}

/// A pool of connections: on SQLite that of the readers or of the writer, on PostgreSQL those of the HTTP workers or that of
/// all other callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolKind {
    First,
    Second,
}

/// Pools whose connections can be counted.
pub(super) trait CountConnections: std::fmt::Debug + Send + Sync {
    /// Returns the connections of each kind of pool.
    fn connections(&self) -> [PoolConnections; 2];
}

/// Returns the connections of a pool.
pub(super) fn counted(status: &deadpool::Status) -> PoolConnections {
    PoolConnections { idle: status.available.min(status.size), used: held(status) }
}

pub(super) struct PoolSettings {
    pub(super) size: usize,
    pub(super) timeout: Duration,
    /// Runtime of the connections.
    pub(super) runtime: Handle,
}

/// Creates a PostgreSQL pool. Its connections live on `runtime`, or on the runtime that first requests one.
pub(super) fn postgres(
    server: Server,
    runtime: Option<Handle>,
    settings: &PoolSettings,
) -> Result<Pool<PgManager>, BuildError> {
    build(PgManager { server: Arc::new(server), runtime }, settings, QueueMode::Fifo)
}

/// Creates a SQLite pool. The connection that was used last is used next, because its cache has the most pages.
pub(super) fn sqlite(file: &Path, access: Access, settings: &PoolSettings) -> Result<LitePool, BuildError> {
    let manager = LiteManager { file: file.to_owned(), access, runtime: settings.runtime.clone() };
    build(manager, settings, QueueMode::Lifo)
}

fn build<M: Manager>(manager: M, settings: &PoolSettings, order: QueueMode) -> Result<Pool<M>, BuildError> {
    Pool::builder(manager)
        .max_size(settings.size.max(1))
        .queue_mode(order)
        .wait_timeout(Some(settings.timeout))
        .create_timeout(Some(settings.timeout))
        .recycle_timeout(Some(settings.timeout))
        .runtime(Runtime::Tokio1)
        .build()
}
