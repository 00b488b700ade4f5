//! A connection from a pool, and its cleanup after a cancelled caller.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool::managed::Object;
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    sqlite::Sqlite,
};
use diesel_async::SimpleAsyncConnection;
use serde::Serialize;
use tessera_kernel::{Event, StoreError, log_context, logged_in};
use tokio::{runtime::Handle, task::JoinError, time::Instant};

use super::{
    audit::PendingEntries,
    deferred::{self, PgDeferred},
    error::{self, Failure, Report, TransientError},
    metrics::DatabaseMetrics,
    postgres::{Heard, PgManager, features::Features},
    run_query::{RunQueryDsl as _, sqlite_query},
    sqlite::LiteConnection,
};

/// Time limit of the cleanup of a PostgreSQL connection. After it, the connection is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A pooled connection to either database.
#[expect(clippy::large_enum_variant, reason = "there is one per lease and it is never kept in bulk")]
pub(in crate::database) enum Conn {
    Postgres { object: PgObject, deferred: PgDeferred, runtime: Handle },
    Sqlite(LiteConnection),
}

type PgObject = Object<PgManager>;

impl Conn {
    /// Returns the server messages since [`PooledConnection::start`]. Returns `None` for SQLite.
    fn heard(&self) -> Option<Heard<'_>> {
        match self {
            Self::Postgres { object, .. } => Some(object.heard()),
            Self::Sqlite(_) => None,
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// It is committed by itself.
    Statement,
    /// A transaction, which begins with it.
    BeginPending,
    Transaction,
}

/// A connection for one caller. When it is dropped, it returns to the pool in a clean state, or it is closed.
pub(crate) struct PooledConnection {
    conn: Option<Conn>,
    state: State,
    scope: Scope,
    failed: bool,
    /// Whether a statement outside of a transaction may write.
    writes: bool,
    /// Set when a statement finds the disk full.
    disk_full: Arc<AtomicBool>,
    /// Deadline for all statements. `None` means no such limit.
    until: Option<Instant>,
    entries: PendingEntries,
    metrics: Option<Arc<DatabaseMetrics>>,
    /// Time limit of one response.
    silence: Duration,
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
            $crate::database::engine::connection::Conn::Postgres { object, deferred, .. } => {
                let (connection, heard) = object.parts();
                let $c = &mut &*connection;
                let answer = deferred.before(connection, async { $postgres });
                $crate::database::engine::connection::in_time(limit, heard, answer).await
            }
            $crate::database::engine::connection::Conn::Sqlite($c) => $sqlite,
        };
        lease.finish(result)
    }};
}
pub(in crate::database) use with_connection;

/// Time limit of one server response. The server limits its own statements (see `postgres::SETTINGS`). This limit is
/// for a server that cannot do so, because it is frozen or unreachable. SQLite runs in this process and needs no such
/// limit.
const SILENCE: Duration = Duration::from_secs(8);

/// Time limit of all statements of a caller, from the request for the connection to the end of the last statement. The rest
/// of ten seconds is for the response.
const TOTAL: Duration = Duration::from_millis(9_500);

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
        Err(_) => Err(error::closed("the database server did not answer in time")),
    }
}

impl PooledConnection {
    pub(super) fn new(conn: Conn) -> Self {
        Self {
            conn: Some(conn),
            state: State::Resting,
            scope: Scope::Statement,
            failed: false,
            writes: false,
            disk_full: Arc::default(),
            until: Some(Instant::now() + TOTAL),
            entries: PendingEntries::default(),
            metrics: None,
            silence: SILENCE,
        }
    }

    /// Sets the time when the caller requested the connection, and whether the caller may write.
    pub(super) fn lent(mut self, asked: Instant, writes: bool, disk_full: &Arc<AtomicBool>) -> Self {
        self.until = Some(asked + TOTAL);
        self.writes = writes;
        self.disk_full = Arc::clone(disk_full);
        self
    }

    /// Counts errors and committed audit entries.
    pub(super) fn counted_by(mut self, metrics: &Arc<DatabaseMetrics>) -> Self {
        self.metrics = Some(Arc::clone(metrics));
        self
    }

    /// Notes an audit entry, which the commit reports.
    pub(in crate::database) fn note_entry(&mut self, event: &Event, row: &impl Serialize) {
        self.entries.add(event, row);
    }

    /// Counts and logs the entries of a statement that has committed by itself.
    pub(in crate::database) fn report_entries(&mut self) {
        self.entries.report(self.metrics.as_deref());
    }

    pub(super) fn count_error(&self, error: &StoreError) {
        if let Some(metrics) = &self.metrics {
            metrics.errors.count(error);
        }
    }

    /// When the connection was opened. `None` for SQLite, which has no server that could be another one.
    pub(super) fn opened_at(&self) -> Option<std::time::Instant> {
        match &self.conn {
            Some(Conn::Postgres { object, .. }) => Some(Object::metrics(object).created),
            _ => None,
        }
    }

    /// Closes the connection instead of waiting for the statement that it runs.
    pub(super) fn discard(mut self) {
        self.state = State::Unknown;
    }

    /// What the PostgreSQL server supports. `None` for SQLite.
    pub(in crate::database) fn features(&self) -> Option<Features> {
        match &self.conn {
            Some(Conn::Postgres { object, .. }) => Some(object.features),
            _ => None,
        }
    }

    /// Removes the total time limit, for work that no request waits for. Single statements are still limited.
    pub(in crate::database) fn without_total_limit(&mut self) {
        self.until = None;
    }

    /// Removes all time limits, for statements that read whole tables.
    pub(in crate::database) fn without_limits(&mut self) {
        self.until = None;
        self.silence = Duration::MAX;
    }

    /// Returns the time limit of the next response.
    pub(in crate::database) fn limit(&self) -> Duration {
        self.until.map_or(self.silence, |until| until.saturating_duration_since(Instant::now()).min(self.silence))
    }

    /// Returns the connection for one statement. [`PooledConnection::finish`] must follow. If it does not, the caller
    /// was cancelled.
    pub(in crate::database) fn start(&mut self) -> Result<&mut Conn, StoreError> {
        // PostgreSQL rejects every statement after a failed one. SQLite would continue with a part of the work.
        if self.failed {
            return Err(StoreError::Other("an earlier statement of this transaction has failed".into()));
        }
        self.state = State::Busy;
        if self.scope == Scope::BeginPending {
            self.scope = Scope::Transaction;
        }
        let conn = self.conn.as_mut().ok_or_else(|| StoreError::Other("the connection has been given back".into()))?;
        if let Some(heard) = conn.heard() {
            heard.forget();
        }
        Ok(conn)
    }

    pub(in crate::database) fn finish<T>(&mut self, result: QueryResult<T>) -> Result<T, StoreError> {
        let commits = self.writes && self.scope == Scope::Statement;
        let result = self.judge(result, commits);
        let lost = matches!(&result, Err(Failure { transient: Some(TransientError::Lost), .. }));
        self.state = if lost { State::Unknown } else { State::Resting };
        self.failed = result.is_err();
        result.map_err(|failure| failure.error).inspect_err(|error| self.count_error(error))
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

    /// Makes the next statement begin a transaction that may write. If the lease is dropped, it is rolled back.
    pub(super) fn begin(&mut self) {
        self.scope = Scope::BeginPending;
        match &mut self.conn {
            Some(Conn::Postgres { deferred, .. }) => deferred.begin(),
            Some(Conn::Sqlite(connection)) => connection.begin(),
            None => {}
        }
    }

    /// Runs a statement of a transaction with the next one, or with the commit. Its error is the error of that one.
    pub(in crate::database) async fn defer<Q>(&mut self, query: Q) -> Result<(), StoreError>
    where
        Q: QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId + Send + 'static,
    {
        match &mut self.conn {
            Some(Conn::Postgres { deferred, .. }) if deferred.len() < deferred::MAX_DEFERRED => deferred.push(query),
            Some(Conn::Sqlite(connection)) if connection.deferred() < deferred::MAX_DEFERRED => {
                connection.defer(sqlite_query(query));
            }
            _ => return with_connection!(self, |c| query.execute(c).await).map(drop),
        }
        Ok(())
    }

    /// Commits. The commit finishes even if the caller is cancelled.
    pub(in crate::database) async fn commit(self) -> Result<(), StoreError> {
        match &self.conn {
            Some(Conn::Postgres { runtime, .. }) => {
                let runtime = runtime.clone();
                runtime.spawn(logged_in(log_context(), self.commit_here())).await.map_err(unavailable)?
            }
            // On SQLite, every statement finishes, and nothing has to follow it.
            _ if self.entries.is_empty() => self.commit_here().await,
            _ => tokio::spawn(logged_in(log_context(), self.commit_here())).await.map_err(unavailable)?,
        }
    }

    async fn commit_here(mut self) -> Result<(), StoreError> {
        let limit = self.limit();
        let result = match self.start()? {
            Conn::Postgres { object, deferred, .. } => {
                let (connection, heard) = object.parts();
                let c = &mut &*connection;
                let commit = diesel::sql_query("COMMIT").execute(c);
                in_time(limit, heard, deferred.before(connection, commit)).await.map(drop)
            }
            Conn::Sqlite(connection) => connection.commit().await,
        };
        let result = self.judge(result, true);
        self.state = match &result {
            Ok(()) => {
                self.scope = Scope::Statement;
                self.report_entries();
                State::Resting
            }
            // The transaction has ended, or a deferred statement failed before the commit. It is rolled back.
            Err(Failure { transient, .. })
                if matches!(self.conn, Some(Conn::Postgres { .. })) && *transient != Some(TransientError::Lost) =>
            {
                State::Resting
            }
            Err(_) => State::Unknown,
        };
        result.map_err(|failure| failure.error).inspect_err(|error| self.count_error(error))
    }
}

fn unavailable(ended: JoinError) -> StoreError {
    StoreError::Unavailable(Box::new(ended))
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        match (conn, self.state, self.scope == Scope::Transaction) {
            (Conn::Sqlite(connection), State::Unknown, _) => connection.close(),
            // A running statement of a cancelled caller holds the connection, and rolls back at its end.
            (Conn::Sqlite(connection), ..) => drop(connection),
            (Conn::Postgres { object, .. }, State::Resting, false) => drop(object),
            (Conn::Postgres { object, .. }, State::Unknown, _) => drop(Object::take(object)),
            (Conn::Postgres { object, runtime, .. }, _, in_transaction) => {
                drop(runtime.spawn(reset_connection(Guard(Some(object)), in_transaction)));
            }
        }
    }
}

/// Closes the connection on drop, unless it was taken out. The runtime may stop a task at any point.
struct Guard(Option<PgObject>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// Waits for the statement of a cancelled caller, or rolls back its transaction, and returns the connection to the
/// pool.
async fn reset_connection(mut guard: Guard, in_transaction: bool) {
    let Some(object) = guard.0.as_mut() else { return };
    let mut connection = object.parts().0;
    // The response follows the response to the statement of the cancelled caller.
    let statement = if in_transaction { "ROLLBACK" } else { "" };
    let settled = tokio::time::timeout(PATIENCE, connection.batch_execute(statement));
    match settled.await {
        Ok(Ok(())) => drop(guard.0.take()),
        Ok(Err(error)) => tracing::debug!(%error, "closing a database connection that can't be rolled back"),
        Err(_) => tracing::warn!("closing a database connection that does not come to rest"),
    }
}
