//! PostgreSQL connection pools, one for each runtime.
//!
//! A task drives each connection. If that task ran on another runtime than the request, every round trip would wake two
//! threads instead of none. That costs more than the query itself. Each worker of the HTTP server has a runtime of one
//! thread, so each worker gets its own pool.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use deadpool::managed::{BuildError, Pool};
use tessera_kernel::StoreError;
use tokio::runtime::{Handle, Id, RuntimeFlavor};

use super::{
    pool::{self, PoolConnections, PoolSettings},
    postgres::{PgManager, server::Server},
};

/// Returns whether the caller is a worker of the HTTP server, which has a runtime of one thread.
pub(super) fn on_worker() -> bool {
    Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread
}

/// Connection pools of all runtimes that have requested a connection.
pub(super) struct PostgresPools {
    server: Server,
    timeout: Duration,
    /// Pool for callers that are not on a runtime of one thread. It may open the maximum number of connections.
    shared: Pool<PgManager>,
    runtime: Handle,
    /// Maximum number of connections of each other pool.
    share: usize,
    local: RwLock<HashMap<Id, Pool<PgManager>>>,
}

impl PostgresPools {
    pub(super) fn new(server: Server, settings: &PoolSettings) -> Result<Self, BuildError> {
        let shared = pool::postgres(server.clone(), Some(settings.runtime.clone()), settings)?;
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = settings.size.div_ceil(workers).max(2);
        let runtime = settings.runtime.clone();
        Ok(Self { server, timeout: settings.timeout, shared, runtime, share, local: RwLock::default() })
    }

    /// Returns the pool for the current runtime, and the runtime of its connections.
    pub(super) fn here(&self) -> Result<(Pool<PgManager>, Handle), StoreError> {
        let current = Handle::current();
        if !on_worker() {
            return Ok((self.shared.clone(), self.runtime.clone()));
        }
        let known = self.local.read().unwrap_or_else(PoisonError::into_inner).get(&current.id()).cloned();
        if let Some(known) = known {
            return Ok((known, current));
        }
        // A new runtime may get the id of an ended one. The connections of the ended runtime are closed. The pool
        // detects that and opens new connections on the runtime that requests them.
        let settings = PoolSettings { size: self.share, timeout: self.timeout, runtime: current.clone() };
        let made = pool::postgres(self.server.clone(), None, &settings);
        let made = made.map_err(|error| StoreError::Other(Box::new(error)))?;
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        Ok((local.entry(current.id()).or_insert(made).clone(), current))
    }

    /// Returns the connections of the pools of all workers, and of the shared pool.
    pub(super) fn connections(&self) -> [PoolConnections; 2] {
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        let sum = |sum: PoolConnections, pool: &Pool<PgManager>| {
            let PoolConnections { idle, used } = pool::counted(&pool.status());
            PoolConnections { idle: sum.idle + idle, used: sum.used + used }
        };
        [local.values().fold(PoolConnections::default(), sum), pool::counted(&self.shared.status())]
    }

    /// Returns the number of connections in use.
    pub(super) fn in_use(&self) -> usize {
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        local.values().chain([&self.shared]).map(|pool| pool::held(&pool.status())).sum()
    }
}
