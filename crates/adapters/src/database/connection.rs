//! A connection on loan from a pool, and what becomes of it when its user leaves early.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use diesel::{QueryResult, SqliteConnection, result::DatabaseErrorKind};
use diesel_async::{
    AsyncConnection, SimpleAsyncConnection, TransactionManager,
    pooled_connection::deadpool::Object,
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use futures_util::{FutureExt, TryFutureExt, future::BoxFuture};
use tessera_kernel::StoreError;
use tokio::{runtime::Handle, time::Instant};

use super::postgres::{Heard, PgManager};
use crate::error::{self, Failure, Plight, Report};

/// How long a connection may take to come to rest before it is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The embedded database, on the runtime's threads for blocking work.
pub(super) type LiteConnection = SyncConnectionWrapper<SqliteConnection, Blocking>;

/// Where blocking work goes. The driver's own choice waits in `drop` for a statement whose caller has left, which panics
/// on a runtime of one thread, as each worker of the HTTP server has. This one lets the statement run out by itself.
pub(crate) struct Blocking(pub(super) Handle);

impl SpawnBlocking for Blocking {
    fn spawn_blocking<'a, R>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync + 'static>>>
    where
        R: Send + 'static,
    {
        self.0.spawn_blocking(task).map_err(Into::into).boxed()
    }

    fn get_runtime() -> Self {
        Self(Handle::current())
    }
}

/// A pooled connection to either database.
#[expect(clippy::large_enum_variant, reason = "there is one per lease and it is never kept in bulk")]
pub(super) enum Conn {
    Postgres(deadpool::managed::Object<PgManager>),
    Sqlite(Object<LiteConnection>),
}

impl Conn {
    /// What the server has said since [`Lease::start`].
    fn heard(&self) -> Option<Heard<'_>> {
        match self {
            Self::Postgres(object) => Some(object.heard()),
            Self::Sqlite(_) => None,
        }
    }

    /// Takes the connection out of its pool and closes it, which ends its transaction too.
    fn close(self) {
        match self {
            Self::Postgres(object) => drop(deadpool::managed::Object::take(object)),
            Self::Sqlite(object) => drop(Object::take(object)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is on its way.
    Resting,
    /// A statement has been sent and not been answered.
    Busy,
    /// Nobody knows what the connection is in the middle of.
    Unknown,
}

/// A connection that one user holds. Dropped in whatever state, it goes back to the pool clean or not at all.
pub(crate) struct Lease {
    conn: Option<Conn>,
    runtime: Handle,
    state: State,
    in_transaction: bool,
    failed: bool,
    /// Whether a statement outside of a transaction may change something.
    writes: bool,
    /// Set when the disk was found full.
    disk_full: Arc<AtomicBool>,
    /// When all statements have to be done. `None`: there is no such limit.
    until: Option<Instant>,
}

/// Runs a query on whichever database is there. It is written once and checked by the compiler for both:
/// `on!(lease, |c| query.execute(c).await)`.
macro_rules! on {
    ($lease:expr, |$c:ident| $body:expr) => {
        on!($lease, |$c| postgres: $body, sqlite: $body)
    };
    // The arms differ only where the databases do.
    ($lease:expr, |$c:ident| postgres: $postgres:expr, sqlite: $sqlite:expr) => {{
        let lease: &mut $crate::database::connection::Lease = $lease;
        let limit = lease.limit();
        let result = match lease.start()? {
            $crate::database::connection::Conn::Postgres(object) => {
                let ($c, heard) = object.parts();
                $crate::database::connection::in_time(limit, heard, async { $postgres }).await
            }
            $crate::database::connection::Conn::Sqlite(object) => {
                let $c = &mut **object;
                $sqlite
            }
        };
        lease.finish(result)
    }};
}
pub(super) use on;

/// How long a server may be silent. It bounds its own statements (see `postgres::SETTINGS`); this is for one that can't, frozen or
/// cut off without a word. The embedded database is this process itself.
const SILENCE: Duration = Duration::from_secs(8);

/// How long a user may wait in total, from asking for the connection to the end of the last statement.
const TOTAL: Duration = Duration::from_secs(10);

/// The answer of a server, or that the connection is lost. The driver returns the first row of a statement before the
/// server has committed it, so the end is waited for.
pub(super) async fn in_time<T>(
    limit: Duration,
    heard: Heard<'_>,
    answer: impl Future<Output = QueryResult<T>>,
) -> QueryResult<T> {
    let settled = async {
        let answer = answer.await;
        heard.settled().await;
        answer
    };
    match tokio::time::timeout(limit, settled).await {
        Ok(answer) => answer,
        Err(_) => Err(diesel::result::Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection,
            Box::new("the database server did not answer in time".to_owned()),
        )),
    }
}

impl Lease {
    pub(super) fn new(conn: Conn, runtime: Handle) -> Self {
        Self {
            conn: Some(conn),
            runtime,
            state: State::Resting,
            in_transaction: false,
            failed: false,
            writes: false,
            disk_full: Arc::default(),
            until: Some(Instant::now() + TOTAL),
        }
    }

    /// For a user who has asked at that time, and who may change something.
    pub(super) fn lent(mut self, asked: Instant, writes: bool, disk_full: &Arc<AtomicBool>) -> Self {
        self.until = Some(asked + TOTAL);
        self.writes = writes;
        self.disk_full = Arc::clone(disk_full);
        self
    }

    /// For work that no request waits for: only its single statements are bounded.
    pub(super) fn without_total_limit(&mut self) {
        self.until = None;
    }

    /// How long the next answer may take.
    pub(super) fn limit(&self) -> Duration {
        self.until.map_or(SILENCE, |until| until.saturating_duration_since(Instant::now()).min(SILENCE))
    }

    /// The connection, for one statement. [`Lease::finish`] has to follow; where it doesn't, the caller has left.
    pub(super) fn start(&mut self) -> Result<&mut Conn, StoreError> {
        // PostgreSQL refuses everything after a failed statement; SQLite would go on with half of the work.
        if self.failed {
            return Err(StoreError::Other("an earlier statement of this transaction has failed".into()));
        }
        self.state = State::Busy;
        let conn = self.conn.as_mut().ok_or_else(|| StoreError::Other("the connection has been given back".into()))?;
        if let Some(heard) = conn.heard() {
            heard.forget();
        }
        Ok(conn)
    }

    pub(super) fn finish<T>(&mut self, result: QueryResult<T>) -> Result<T, StoreError> {
        let commits = self.writes && !self.in_transaction;
        let result = self.judge(result, commits);
        let lost = matches!(&result, Err(Failure { plight: Some(Plight::Lost), .. }));
        self.state = if lost { State::Unknown } else { State::Resting };
        self.failed = result.is_err();
        result.map_err(|failure| failure.error)
    }

    /// Compares the driver's answer with what the server has said. `commits`: the statement makes a change durable.
    fn judge<T>(&self, result: QueryResult<T>, commits: bool) -> Result<T, Failure> {
        let heard = self.conn.as_ref().and_then(Conn::heard);
        let state = heard.and_then(Heard::error);
        let report = heard.map_or(Report::Sqlite, |_| Report::Postgres(state));
        let judged = match (result, state) {
            (Err(error), _) => Err(error::failure(error, report)),
            (Ok(_), Some(state)) => Err(error::late_failure(state)),
            // The change is committed here and perhaps on no other server: a wait for replication was cancelled.
            (Ok(_), None) if commits && heard.is_some_and(Heard::warned) => Err(error::warned_commit()),
            (Ok(value), None) => Ok(value),
        };
        if matches!(&judged, Err(Failure { plight: Some(Plight::Full), .. })) {
            self.disk_full.store(true, Ordering::Relaxed);
        }
        judged
    }

    /// Ends a statement that opens or closes a transaction. One that failed may have done either.
    fn turn(&mut self, in_transaction: bool, result: QueryResult<()>) -> Result<(), StoreError> {
        self.in_transaction = in_transaction;
        let result = self.judge(result, !in_transaction);
        self.state = if result.is_ok() { State::Resting } else { State::Unknown };
        result.map_err(|failure| failure.error)
    }

    /// Opens a transaction that may write. In a task of its own, since a caller who leaves must not leave a connection
    /// behind that is neither in a transaction nor out of one: the task goes on and rolls back what nobody takes.
    pub(super) async fn begin(mut self) -> Result<Self, StoreError> {
        let runtime = self.runtime.clone();
        let begun = runtime.spawn(async move {
            let limit = self.limit();
            let result = begin(self.start()?, limit).await;
            self.turn(true, result).map(|()| self)
        });
        begun.await.map_err(|ended| StoreError::Unavailable(Box::new(ended)))?
    }

    /// Commits, to the end even if the caller leaves meanwhile.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let runtime = self.runtime.clone();
        let committed = runtime.spawn(async move {
            let limit = self.limit();
            let result = commit(self.start()?, limit).await;
            self.turn(false, result)
        });
        committed.await.map_err(|ended| StoreError::Unavailable(Box::new(ended)))?
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        match (&conn, self.state, self.in_transaction) {
            (_, State::Resting, false) => drop(conn),
            // A statement of SQLite that nobody waits for still holds the connection, and the driver panics when a pool
            // looks at it then. Closed, it ends with that statement.
            (_, State::Unknown, _) | (Conn::Sqlite(_), State::Busy, _) => conn.close(),
            (_, _, in_transaction) => {
                let settling = settle(Guard(Some(conn)), in_transaction);
                drop(self.runtime.spawn(settling));
            }
        }
    }
}

/// Closes the connection unless it has been set free: the runtime may stop at any point of a task.
struct Guard(Option<Conn>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.close();
        }
    }
}

/// Brings a connection whose user has left to rest and gives it back.
async fn settle(mut guard: Guard, in_transaction: bool) {
    let Some(conn) = guard.0.as_mut() else { return };
    let settled = tokio::time::timeout(PATIENCE, async {
        if in_transaction { roll_back(conn).await } else { wait_for(conn).await }
    });
    match settled.await {
        Ok(Ok(())) => drop(guard.0.take()),
        Ok(Err(error)) => tracing::debug!(%error, "closing a database connection that can't be rolled back"),
        Err(_) => tracing::warn!("closing a database connection that does not come to rest"),
    }
}

async fn begin(conn: &mut Conn, limit: Duration) -> QueryResult<()> {
    match conn {
        Conn::Postgres(object) => {
            let sql = "BEGIN ISOLATION LEVEL READ COMMITTED";
            let (connection, heard) = object.parts();
            let begun = diesel_async::AnsiTransactionManager::begin_transaction_sql(connection, sql);
            in_time(limit, heard, begun).await
        }
        Conn::Sqlite(object) => {
            // IMMEDIATE takes the lock for writing at once: what is read in the transaction stays true until its end.
            let sql = "BEGIN IMMEDIATE";
            object
                .spawn_blocking(move |c| diesel::connection::AnsiTransactionManager::begin_transaction_sql(c, sql))
                .await
        }
    }
}

async fn commit(conn: &mut Conn, limit: Duration) -> QueryResult<()> {
    match conn {
        Conn::Postgres(object) => {
            let (connection, heard) = object.parts();
            in_time(limit, heard, commit_on(connection)).await
        }
        Conn::Sqlite(object) => commit_on(&mut **object).await,
    }
}

async fn commit_on<C: AsyncConnection>(connection: &mut C) -> QueryResult<()> {
    C::TransactionManager::commit_transaction(connection).await
}

async fn roll_back(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Postgres(object) => roll_back_on(object.parts().0).await,
        Conn::Sqlite(object) => roll_back_on(&mut **object).await,
    }
}

async fn roll_back_on<C: AsyncConnection>(connection: &mut C) -> QueryResult<()> {
    C::TransactionManager::rollback_transaction(connection).await
}

/// An empty statement: its answer comes after that of the one whose caller has left.
async fn wait_for(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Postgres(object) => object.parts().0.batch_execute("").await,
        Conn::Sqlite(object) => object.batch_execute("").await,
    }
}
