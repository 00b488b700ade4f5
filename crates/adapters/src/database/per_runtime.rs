//! PostgreSQL connections, each driven on the runtime that asks it.
//!
//! A connection is driven by a task. Were that task on another runtime than the request, every round trip would wake two
//! threads instead of none, which costs more than the query itself. The workers of the HTTP server have a runtime of one
//! thread each, and so each of them gets a pool of its own.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use deadpool::managed::{BuildError, Pool};
use tessera_kernel::StoreError;
use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio_postgres::Config;

use super::{
    pool::{self, PoolSettings},
    postgres::PgManager,
};

/// The pools of all runtimes that have asked.
pub(super) struct PostgresPools {
    config: Config,
    timeout: Duration,
    /// For whoever is not on a runtime of one thread: it has all the connections there may be.
    shared: Pool<PgManager>,
    runtime: Handle,
    /// Connections of each of the others.
    share: usize,
    local: RwLock<HashMap<Id, Pool<PgManager>>>,
}

impl PostgresPools {
    pub(super) fn new(config: Config, settings: &PoolSettings) -> Result<Self, BuildError> {
        let shared = pool::postgres(config.clone(), Some(settings.runtime.clone()), settings)?;
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = settings.size.div_ceil(workers).max(2);
        let runtime = settings.runtime.clone();
        Ok(Self { config, timeout: settings.timeout, shared, runtime, share, local: RwLock::default() })
    }

    /// The pool for the runtime that this is called on, and the runtime of its connections.
    pub(super) fn here(&self) -> Result<(Pool<PgManager>, Handle), StoreError> {
        let current = Handle::current();
        if current.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return Ok((self.shared.clone(), self.runtime.clone()));
        }
        let known = self.local.read().unwrap_or_else(PoisonError::into_inner).get(&current.id()).cloned();
        if let Some(known) = known {
            return Ok((known, current));
        }
        // A runtime that has ended may leave its number to another. Its connections are closed then, which the pool sees,
        // and new ones are made wherever they are asked for.
        let settings = PoolSettings { size: self.share, timeout: self.timeout, runtime: current.clone() };
        let made = pool::postgres(self.config.clone(), None, &settings);
        let made = made.map_err(|error| StoreError::Other(Box::new(error)))?;
        let mut local = self.local.write().unwrap_or_else(PoisonError::into_inner);
        Ok((local.entry(current.id()).or_insert(made).clone(), current))
    }

    /// How many connections somebody holds.
    pub(super) fn in_use(&self) -> usize {
        let local = self.local.read().unwrap_or_else(PoisonError::into_inner);
        local.values().chain([&self.shared]).map(|pool| pool::held(&pool.status())).sum()
    }
}
