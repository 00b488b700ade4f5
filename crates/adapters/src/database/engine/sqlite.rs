//! SQLite connections. Their statements run on the threads for blocking work of the runtime.

pub(in crate::database) mod file;
mod read_queue;
#[cfg(test)]
mod tests;
mod wal_sync;

use std::{any::Any, mem, path::PathBuf, sync::Arc, thread};

use deadpool::managed::{Manager, Metrics, Object, RecycleError, RecycleResult};
use diesel::{
    Connection, ConnectionError, QueryResult, SqliteConnection,
    backend::Backend,
    connection::{AnsiTransactionManager, LoadConnection, SimpleConnection, TransactionManager},
    deserialize::FromSqlRow,
    query_builder::{CollectedQuery, MoveableBindCollector, QueryBuilder, QueryFragment},
    result::Error,
    sqlite::Sqlite,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
};

use super::error;
use file::Access;
pub(super) use read_queue::ReadQueue;
pub(super) use wal_sync::WalSync;

/// Opens the connections of a pool.
pub(super) struct LiteManager {
    pub(super) file: PathBuf,
    pub(super) access: Access,
    pub(super) runtime: Handle,
}

impl Manager for LiteManager {
    type Type = SqliteConnection;
    type Error = ConnectionError;

    async fn create(&self) -> Result<SqliteConnection, ConnectionError> {
        let (file, access) = (self.file.clone(), self.access);
        let opening = self.runtime.spawn_blocking(move || file::open(&file, access));
        opening.await.unwrap_or_else(|ended| Err(ConnectionError::BadConnection(ended.to_string())))
    }

    async fn recycle(&self, connection: &mut SqliteConnection, _: &Metrics) -> RecycleResult<ConnectionError> {
        match in_transaction(connection) {
            Ok(false) => Ok(()),
            _ => Err(RecycleError::Message("a transaction is open".into())),
        }
    }
}

fn in_transaction(connection: &mut SqliteConnection) -> QueryResult<bool> {
    AnsiTransactionManager::transaction_manager_status_mut(connection).transaction_depth().map(|depth| depth.is_some())
}

/// A SQLite connection for one caller. When it is dropped, it rolls back and returns to its pool.
pub(in crate::database) struct LiteConnection {
    /// `None` while a statement runs on another thread, and after a commit.
    lent: Option<Lent>,
    deferred: LiteDeferred,
}

/// What runs on the thread of the database before the next statement.
#[derive(Default)]
struct LiteDeferred {
    /// The transaction begins with the next statement.
    begins: bool,
    queries: Vec<QueryResult<LiteQuery>>,
}

impl LiteDeferred {
    /// IMMEDIATE takes the write lock at once, so that reads in the transaction stay valid until its end.
    fn run(self, connection: &mut SqliteConnection) -> QueryResult<()> {
        if self.begins {
            AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")?;
        }
        self.queries.into_iter().try_for_each(|query| connection.execute_returning_count(&query?).map(drop))
    }
}

impl LiteConnection {
    /// A connection that writes has the log to which it writes.
    pub(super) fn new(
        connection: Object<LiteManager>,
        read_queue: &Arc<ReadQueue>,
        wal: Option<&Arc<WalSync>>,
    ) -> Self {
        let lent = Lent { connection: Some(connection), read_queue: Arc::clone(read_queue), wal: wal.map(Arc::clone) };
        Self { lent: Some(lent), deferred: LiteDeferred::default() }
    }

    /// Returns the rows of a query. They are converted on the thread of the database.
    pub(super) async fn load<U, S>(&mut self, query: QueryResult<LiteQuery>) -> QueryResult<Vec<U>>
    where
        U: FromSqlRow<S, Sqlite> + Send + 'static,
        S: 'static,
    {
        let query = query?;
        let rows = self.run(Box::new(move |connection| Ok(Box::new(rows::<U, S>(connection, &query)?)))).await?;
        rows.downcast().map(|rows| *rows).map_err(|_| error::closed("the rows have another type"))
    }

    /// Executes a statement and returns the number of affected rows.
    pub(super) async fn execute(&mut self, query: QueryResult<LiteQuery>) -> QueryResult<usize> {
        let query = query?;
        let work: Work = Box::new(move |connection| Ok(Box::new(connection.execute_returning_count(&query)?)));
        let affected = self.run(work).await?;
        affected.downcast().map(|affected| *affected).map_err(|_| error::closed("the number has another type"))
    }

    /// Makes the next statement begin a transaction.
    pub(super) fn begin(&mut self) {
        self.deferred.begins = true;
    }

    /// Runs a statement with the next one.
    pub(super) fn defer(&mut self, query: QueryResult<LiteQuery>) {
        self.deferred.queries.push(query);
    }

    /// The number of statements that wait for the next one.
    pub(super) fn deferred(&self) -> usize {
        self.deferred.queries.len()
    }

    pub(super) async fn commit(&mut self) -> QueryResult<()> {
        let commit = |connection: &mut _| {
            AnsiTransactionManager::commit_transaction(connection)?;
            Ok(Box::new(()) as Output)
        };
        self.run(Box::new(commit)).await.map(drop)
    }

    /// Removes the connection from its pool and closes it, which also ends its transaction.
    pub(super) fn close(mut self) {
        if let Some(connection) = self.lent.as_mut().and_then(|lent| lent.connection.take()) {
            drop(Object::take(connection));
        }
    }

    /// Runs work on a thread that may block. If the caller is cancelled, the work continues, and its thread drops the
    /// connection afterwards. Work that commits, which a single statement does too, gives the connection back.
    async fn run(&mut self, work: Work) -> QueryResult<Output> {
        let lent = self.lent.take().ok_or_else(|| error::closed("the connection has been given back"))?;
        let read_queue = Arc::clone(&lent.read_queue);
        // Jobs of the server may read whole tables.
        let is_short = lent.wal.is_none() && on_worker();
        let (reply, result) = oneshot::channel();
        let statement = Statement { lent, deferred: mem::take(&mut self.deferred), work, reply };
        let reply = if is_short {
            read_queue.submit(Box::new(move || statement.run_short()));
            reply_of(&read_queue, result).await
        } else {
            drop(read_queue.runtime.spawn_blocking(move || statement.run()));
            result.await
        };
        let (lent, result) = reply.map_err(|_| error::closed("the thread of the database has ended"))?;
        self.lent = lent;
        result
    }
}

/// Waits for a read of the queue. If it does not end soon, another read may hold up its thread.
async fn reply_of<T>(
    read_queue: &Arc<ReadQueue>,
    mut reply: oneshot::Receiver<T>,
) -> Result<T, oneshot::error::RecvError> {
    if let Ok(reply) = tokio::time::timeout(2 * read_queue::STALL, &mut reply).await {
        return reply;
    }
    read_queue.help();
    reply.await
}

/// Result of work, whose type is erased: the code that moves it between threads exists only once.
type Output = Box<dyn Any + Send>;

type Work = Box<dyn FnMut(&mut SqliteConnection) -> QueryResult<Output> + Send>;

/// Work on a connection, and the way back to its caller.
struct Statement {
    lent: Lent,
    deferred: LiteDeferred,
    work: Work,
    reply: oneshot::Sender<(Option<Lent>, QueryResult<Output>)>,
}

impl Statement {
    /// Runs work that takes microseconds. If it needs a lock that another process holds, it waits on another thread.
    fn run_short(mut self) {
        match self.attempt() {
            Err(fault) if error::is_busy(&fault) => {
                let runtime = self.lent.read_queue.runtime.clone();
                drop(runtime.spawn_blocking(move || self.run()));
            }
            result => self.finish(result),
        }
    }

    /// Runs work, and waits while another process holds a lock.
    fn run(mut self) {
        let result = match self.attempt() {
            Err(fault) if self.lent.wal.is_none() && error::is_busy(&fault) => self.wait_for_lock(),
            result => result,
        };
        self.finish(result);
    }

    fn attempt(&mut self) -> QueryResult<Output> {
        let connection =
            self.lent.connection.as_mut().ok_or_else(|| error::closed("the connection has been closed"))?;
        mem::take(&mut self.deferred).run(connection)?;
        (self.work)(connection)
    }

    /// Connections that read do not wait by themselves; see [`Access`].
    fn wait_for_lock(&mut self) -> QueryResult<Output> {
        self.set_timeout("PRAGMA busy_timeout = 5000")?;
        let result = self.attempt();
        self.set_timeout("PRAGMA busy_timeout = 0")?;
        result
    }

    fn set_timeout(&mut self, statement: &str) -> QueryResult<()> {
        self.lent.connection.as_mut().map_or(Ok(()), |connection| connection.batch_execute(statement))
    }

    /// Returns the result to the caller. If the caller is gone, this drops the connection.
    fn finish(mut self, result: QueryResult<Output>) {
        match self.lent.wal.take() {
            Some(wal) if result.is_ok() && self.lent.is_in_transaction() == Some(false) => {
                // The next writer need not wait for the disk.
                drop(self.lent);
                let reply = self.reply;
                wal.acknowledge(move |durable| {
                    let result = result
                        .and_then(|output| durable.map(|()| output).map_err(|fault| error::closed(fault.to_string())));
                    drop(reply.send((None, result)));
                });
            }
            wal => {
                self.lent.wal = wal;
                drop(self.reply.send((Some(self.lent), result)));
            }
        }
    }
}

/// A connection outside of its pool.
struct Lent {
    /// `None` when the connection is closed.
    connection: Option<Object<LiteManager>>,
    read_queue: Arc<ReadQueue>,
    /// `None` for connections that read.
    wal: Option<Arc<WalSync>>,
}

impl Lent {
    /// `None` if the connection is closed or broken.
    fn is_in_transaction(&mut self) -> Option<bool> {
        self.connection.as_mut().and_then(|connection| in_transaction(connection).ok())
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if thread::panicking() {
            drop(Object::take(connection));
            return;
        }
        if in_transaction(&mut connection).is_ok_and(|open| !open) {
            return;
        }
        // If the runtime has ended and does not run the work, the pool closes the connection.
        drop(self.read_queue.runtime.spawn_blocking(move || {
            if let Err(error) = AnsiTransactionManager::rollback_transaction(&mut *connection) {
                tracing::debug!(%error, "closing a database connection that can't be rolled back");
                drop(Object::take(connection));
            }
        }));
    }
}

/// Returns whether the current thread is a worker of the HTTP server, each of which has a runtime of one thread.
fn on_worker() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread)
}

/// A query with copies of its parameters, so that another thread can run it.
pub(super) type LiteQuery = CollectedQuery<Binds>;

type Binds = <<Sqlite as Backend>::BindCollector<'static> as MoveableBindCollector<Sqlite>>::BindData;

pub(super) fn collect(query: &impl QueryFragment<Sqlite>) -> QueryResult<LiteQuery> {
    let mut binds = <Sqlite as Backend>::BindCollector::default();
    query.collect_binds(&mut binds, &mut (), &Sqlite)?;
    let mut sql = <Sqlite as Backend>::QueryBuilder::default();
    query.to_sql(&mut sql, &Sqlite)?;
    Ok(CollectedQuery::new(sql.finish(), query.is_safe_to_cache_prepared(&Sqlite)?, binds.moveable()))
}

fn rows<U, S>(connection: &mut SqliteConnection, query: &LiteQuery) -> QueryResult<Vec<U>>
where
    U: FromSqlRow<S, Sqlite>,
{
    let rows = LoadConnection::load(connection, query)?;
    rows.map(|row| U::build_from_row(&row?).map_err(Error::DeserializationError)).collect()
}
