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
