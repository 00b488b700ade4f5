//! Connections, transactions and SQL types of both databases: everything that does not belong to one table.

mod audit;
mod backup;
pub(super) mod clearing;
pub(super) mod clock;
pub(super) mod connection;
pub(super) mod credentials;
mod deferred;
mod error;
pub(super) mod inspection;
pub(super) mod locks;
mod metrics;
pub(super) mod migrate;
pub(super) mod move_marks;
pub(super) mod open;
mod open_error;
mod per_runtime;
mod pool;
mod pools;
pub(super) mod postgres;
pub(super) mod rows;
pub(super) mod run_query;
pub(super) mod schema;
mod schema_change;
pub(super) mod sqlite;
mod store_clock;
pub(super) mod table_locks;
pub(super) mod transaction;
pub(super) mod types;
mod url;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use tessera_kernel::{StoreError, TRACE_TARGET, idempotent_request};
use tokio::time::{Instant, timeout};
use tracing::Span;

use connection::{PooledConnection, with_connection};
use credentials::{Credentials, Feed};
use pool::PoolKind;
use pools::Pools;
use run_query::RunQueryDsl;
use schema::secrets as secrets_table;
use transaction::Tx;

pub use audit::{AUDIT_FIELD, AUDIT_TARGET};
pub(super) use backup::open_for_reading;
pub use backup::{Backup, BackupError, BackupManifest, RestoredCopy, WrittenBackup, remove_abandoned};
pub use credentials::{CredentialCacheMetrics, LookupMetrics};
pub use metrics::{AuditMetrics, DatabaseMetrics, ErrorMetrics};
pub use open::DatabaseSettings;
pub use open_error::OpenError;
pub use pool::PoolConnections;
pub use schema_change::SchemaChange;
pub use url::{DatabaseUrl, DatabaseUrlError};

/// Time limit of a health check.
const PING: Duration = Duration::from_secs(2);

/// Storage of all domains on either database. Clones share their connections.
#[derive(Clone)]
pub struct SqlStore {
    pools: Arc<Pools>,
    /// Set when a write fails because the disk is full. Reset when [`SqlStore::check_room`] succeeds.
    disk_full: Arc<AtomicBool>,
    pub(super) credentials: Arc<Credentials>,
    /// `None` if nothing collects them.
    metrics: Option<Arc<DatabaseMetrics>>,
    _feed: Option<Arc<Feed>>,
}

impl SqlStore {
    /// Runs a query to check that the database responds.
    ///
    /// # Errors
    /// Fails like any read, and with [`StoreError::Unavailable`] if there is no response within two seconds, so that
    /// the caller can decide in time.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let late = |_| StoreError::Unavailable("the database did not answer in time".into());
        timeout(PING, self.ask()).await.map_err(late)?
    }

    async fn ask(&self) -> Result<(), StoreError> {
        let mut lease = self.reader().await?;
        // The query reads a table of the schema: a database without the schema is not ready either.
        let query = secrets_table::table.select(secrets_table::name).limit(1);
        with_connection!(&mut lease, |c| query.first::<String, _>(c).await.optional()).map(|_| ())
    }

    /// Checks that the disk takes writes. After a write failed because the disk was full, this tries another write, which
    /// changes nothing.
    ///
    /// # Errors
    /// Fails like any write.
    pub async fn check_room(&self) -> Result<(), StoreError> {
        self.pools.check_log()?;
        if !AtomicBool::load(&self.disk_full, Ordering::Relaxed) {
            return Ok(());
        }
        let mut lease = self.writer().await?;
        let update = diesel::update(secrets_table::table).set(secrets_table::name.eq(secrets_table::name));
        with_connection!(&mut lease, |c| update.execute(c).await)?;
        self.disk_full.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Returns whether the database is a server with its own clock, possibly on another machine.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(*self.pools, Pools::Postgres(_))
    }

    /// Returns the number of connections in use. It is 0 when no operation is in progress.
    #[must_use]
    pub fn connections_in_use(&self) -> usize {
        self.pools.in_use()
    }

    pub(super) fn is_sqlite(&self) -> bool {
        matches!(*self.pools, Pools::Sqlite { .. })
    }

    pub(super) async fn reader(&self) -> Result<PooledConnection, StoreError> {
        let asked = Instant::now();
        let lent = self.measured(asked, self.pools.kind(false), self.pools.reader().await)?;
        Ok(lent.lent(asked, false, &self.disk_full))
    }

    pub(super) async fn writer(&self) -> Result<PooledConnection, StoreError> {
        let asked = Instant::now();
        let lent = self.measured(asked, self.pools.kind(true), self.pools.writer().await)?;
        Ok(lent.lent(asked, true, &self.disk_full))
    }

    /// Counts the wait for a connection, and the error if there is none.
    fn measured(
        &self,
        asked: Instant,
        pool: PoolKind,
        lent: Result<PooledConnection, StoreError>,
    ) -> Result<PooledConnection, StoreError> {
        let Some(metrics) = &self.metrics else { return lent };
        metrics.waits_of(pool).observe(asked.elapsed());
        lent.map(|lent| lent.counted_by(metrics)).inspect_err(|error| metrics.errors.count(error))
    }

    pub(super) async fn transaction(&self) -> Result<Tx, StoreError> {
        // The wait for a connection is a part of it.
        let span = tracing::info_span!(target: TRACE_TARGET, "transaction");
        let mut lease = self.writer().await?;
        lease.begin();
        Ok(Tx { _span: span, ..self.tx(lease) })
    }

    /// Returns a connection for one statement that changes something for a request. It is a transaction if the request has
    /// an idempotency key, so that [`Tx::end_single_change`] can mark its claim.
    pub(super) async fn single_change(&self) -> Result<Tx, StoreError> {
        if idempotent_request::effect().is_some() {
            return self.transaction().await;
        }
        Ok(self.tx(self.writer().await?))
    }

    fn tx(&self, lease: PooledConnection) -> Tx {
        let (credentials, effect) = (Arc::clone(&self.credentials), idempotent_request::effect());
        Tx { lease, changed: Vec::new(), added: None, credentials, effect, _span: Span::none() }
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match *self.pools {
            Pools::Postgres(_) => "SqlStore(postgres)",
            Pools::Sqlite { .. } => "SqlStore(sqlite)",
        })
    }
}
