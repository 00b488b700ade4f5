//! A connection from a pool, and its cleanup after a cancelled caller.

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

use super::{
    error::{self, Failure, Report, TransientError},
    postgres::{Heard, PgManager},
};

/// Time limit of the cleanup of a connection. After it, the connection is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A SQLite connection, which runs on the blocking threads of the runtime.
pub(super) type LiteConnection = SyncConnectionWrapper<SqliteConnection, Blocking>;

/// Runs blocking work of the driver. The driver's own implementation waits in `drop` for a statement whose caller was
/// cancelled. That panics on a runtime of one thread, which each worker of the HTTP server has. This implementation
/// lets the statement finish by itself.
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
pub(in crate::database) enum Conn {
    Postgres(deadpool::managed::Object<PgManager>),
    Sqlite(Object<LiteConnection>),
}

impl Conn {
    /// Returns the server messages since [`PooledConnection::start`]. Returns `None` for SQLite.
    fn heard(&self) -> Option<Heard<'_>> {
        match self {
            Self::Postgres(object) => Some(object.heard()),
            Self::Sqlite(_) => None,
        }
    }

    /// Removes the connection from its pool and closes it, which also ends its transaction.
    fn close(self) {
        match self {
            Self::Postgres(object) => drop(deadpool::managed::Object::take(object)),
            Self::Sqlite(object) => drop(Object::take(object)),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// No statement is running.
    Resting,
    /// A statement was sent and has no response yet.
    Busy,
    /// The state of the connection is unknown.
    Unknown,
}

/// A connection for one caller. When it is dropped, it returns to the pool in a clean state, or it is closed.
pub(crate) struct PooledConnection {
    conn: Option<Conn>,
    runtime: Handle,
    state: State,
    in_transaction: bool,
    failed: bool,
    /// Whether a statement outside of a transaction may write.
    writes: bool,
    /// Set when a statement finds the disk full.
    disk_full: Arc<AtomicBool>,
    /// Deadline for all statements. `None` means no such limit.
    until: Option<Instant>,
}

/// Runs a query on the active database. The query is written once, and the compiler checks it for both databases:
/// `with_connection!(lease, |c| query.execute(c).await)`.
macro_rules! with_connection {
    ($lease:expr, |$c:ident| $body:expr) => {
        with_connection!($lease, |$c| postgres: $body, sqlite: $body)
    };
    // Separate expressions are only for queries that differ between the databases.
    ($lease:expr, |$c:ident| postgres: $postgres:expr, sqlite: $sqlite:expr) => {{
        let lease: &mut $crate::database::engine::connection::PooledConnection = $lease;
        let limit = lease.limit();
        let result = match lease.start()? {
            $crate::database::engine::connection::Conn::Postgres(object) => {
                let ($c, heard) = object.parts();
                $crate::database::engine::connection::in_time(limit, heard, async { $postgres }).await
            }
            $crate::database::engine::connection::Conn::Sqlite(object) => {
                let $c = &mut **object;
                $sqlite
            }
        };
        lease.finish(result)
    }};
}
pub(in crate::database) use with_connection;

/// Time limit of one server response. The server limits its own statements (see `postgres::SETTINGS`). This limit is
/// for a server that cannot do so, because it is frozen or unreachable. SQLite runs in this process and needs no such
/// limit.
const SILENCE: Duration = Duration::from_secs(8);

/// Time limit of all statements of a caller, from the request for the connection to the end of the last statement.
const TOTAL: Duration = Duration::from_secs(10);

/// Waits for the response of the server. After the limit, the connection counts as lost. The driver returns the first
/// row of a statement before the server has committed it, so this also waits for the end of the statement.
pub(in crate::database) async fn in_time<T>(
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

impl PooledConnection {
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

    /// Sets the time when the caller requested the connection, and whether the caller may write.
    pub(super) fn lent(mut self, asked: Instant, writes: bool, disk_full: &Arc<AtomicBool>) -> Self {
        self.until = Some(asked + TOTAL);
        self.writes = writes;
        self.disk_full = Arc::clone(disk_full);
        self
    }

    /// Removes the total time limit, for work that no request waits for. Single statements are still limited.
    pub(in crate::database) fn without_total_limit(&mut self) {
        self.until = None;
    }

    /// Returns the time limit of the next response.
    pub(in crate::database) fn limit(&self) -> Duration {
        self.until.map_or(SILENCE, |until| until.saturating_duration_since(Instant::now()).min(SILENCE))
    }

    /// Returns the connection for one statement. [`PooledConnection::finish`] must follow. If it does not, the caller
    /// was cancelled.
    pub(in crate::database) fn start(&mut self) -> Result<&mut Conn, StoreError> {
        // PostgreSQL rejects every statement after a failed one. SQLite would continue with a part of the work.
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

    pub(in crate::database) fn finish<T>(&mut self, result: QueryResult<T>) -> Result<T, StoreError> {
        let commits = self.writes && !self.in_transaction;
        let result = self.judge(result, commits);
        let lost = matches!(&result, Err(Failure { transient: Some(TransientError::Lost), .. }));
        self.state = if lost { State::Unknown } else { State::Resting };
        self.failed = result.is_err();
        result.map_err(|failure| failure.error)
    }

    /// Combines the result of the driver with the messages of the server. `commits` means that the statement makes a
    /// change durable.
    fn judge<T>(&self, result: QueryResult<T>, commits: bool) -> Result<T, Failure> {
        let heard = self.conn.as_ref().and_then(Conn::heard);
        let state = heard.and_then(Heard::error);
        let report = heard.map_or(Report::Sqlite, |_| Report::Postgres(state));
        let judged = match (result, state) {
            (Err(error), _) => Err(error::failure(error, report)),
            (Ok(_), Some(state)) => Err(error::late_failure(state)),
            // The change is committed on this server, but perhaps on no other one: a wait for replication was
            // cancelled.
            (Ok(_), None) if commits && heard.is_some_and(Heard::warned) => Err(error::warned_commit()),
            (Ok(value), None) => Ok(value),
        };
        if matches!(&judged, Err(Failure { transient: Some(TransientError::Full), .. })) {
            self.disk_full.store(true, Ordering::Relaxed);
        }
        judged
    }

    /// Finishes a statement that begins or ends a transaction. If the statement failed, the transaction may be in
    /// either state.
    fn finish_transaction_statement(
        &mut self,
        in_transaction: bool,
        result: QueryResult<()>,
    ) -> Result<(), StoreError> {
        self.in_transaction = in_transaction;
        let result = self.judge(result, !in_transaction);
        self.state = if result.is_ok() { State::Resting } else { State::Unknown };
        result.map_err(|failure| failure.error)
    }

    /// Begins a transaction that may write. It runs in a task of its own: a cancelled caller must not leave a
    /// connection whose transaction state is undefined. The task continues and rolls back if the caller is gone.
    pub(super) async fn begin(mut self) -> Result<Self, StoreError> {
        let runtime = self.runtime.clone();
        let begun = runtime.spawn(async move {
            let limit = self.limit();
            let result = begin(self.start()?, limit).await;
            self.finish_transaction_statement(true, result).map(|()| self)
        });
        begun.await.map_err(|ended| StoreError::Unavailable(Box::new(ended)))?
    }

    /// Commits. The commit finishes even if the caller is cancelled.
    pub(in crate::database) async fn commit(mut self) -> Result<(), StoreError> {
        let runtime = self.runtime.clone();
        let committed = runtime.spawn(async move {
            let limit = self.limit();
            let result = commit(self.start()?, limit).await;
            self.finish_transaction_statement(false, result)
        });
        committed.await.map_err(|ended| StoreError::Unavailable(Box::new(ended)))?
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        match (&conn, self.state, self.in_transaction) {
            (_, State::Resting, false) => drop(conn),
            // A running SQLite statement of a cancelled caller still holds the connection, and the driver panics if the
            // pool checks the connection in that state. A closed connection ends with the statement.
            (_, State::Unknown, _) | (Conn::Sqlite(_), State::Busy, _) => conn.close(),
            (_, _, in_transaction) => {
                let resetting = reset_connection(Guard(Some(conn)), in_transaction);
                drop(self.runtime.spawn(resetting));
            }
        }
    }
}

/// Closes the connection on drop, unless it was taken out. The runtime may stop a task at any point.
struct Guard(Option<Conn>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            conn.close();
        }
    }
}

/// Waits for the statement of a cancelled caller, or rolls back its transaction, and returns the connection to the
/// pool.
async fn reset_connection(mut guard: Guard, in_transaction: bool) {
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
            // IMMEDIATE takes the write lock at once, so that reads in the transaction stay valid until its end.
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

/// Sends an empty statement. Its response follows the response to the statement of the cancelled caller.
async fn wait_for(conn: &mut Conn) -> QueryResult<()> {
    match conn {
        Conn::Postgres(object) => object.parts().0.batch_execute("").await,
        Conn::Sqlite(object) => object.batch_execute("").await,
    }
}
