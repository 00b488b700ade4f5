//! Tests of SQLite connections.

use std::{
    fmt::{Debug, Display},
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    thread::{self, ThreadId},
    time::Duration,
};

use deadpool::managed::Pool;
use diesel::{connection::InstrumentationEvent, prelude::*, result::DatabaseErrorKind, sql_query};
use tokio::runtime::Builder;

use super::*;
use crate::database::engine::run_query;

diesel::table! {
    notes (id) {
        id -> BigInt,
        text -> Nullable<Text>,
    }
}

fn ok<T, E: Display + Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// A pool with one connection to a new file with the table `notes`.
struct TestPool {
    pool: Pool<LiteManager>,
    read_queue: Arc<ReadQueue>,
    directory: tempfile::TempDir,
}

impl TestPool {
    fn new(access: Access) -> Self {
        let directory = ok(tempfile::tempdir());
        let file = directory.path().join("test.db");
        let mut connection = ok(file::open(&file, Access::Write));
        ok(connection.batch_execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"));
        let runtime = Handle::current();
        let manager = LiteManager { file, access, runtime: runtime.clone() };
        let pool = ok(Pool::builder(manager).max_size(1).build());
        Self { pool, read_queue: ReadQueue::new(runtime), directory }
    }

    async fn lend(&self, access: Access) -> LiteConnection {
        let wal = (access == Access::Write).then(|| WalSync::new(&self.directory.path().join("test.db")));
        LiteConnection::new(ok(self.pool.get().await), &self.read_queue, wal.as_ref())
    }

    fn other(&self) -> SqliteConnection {
        ok(file::create(&self.directory.path().join("test.db")))
    }
}

async fn count(connection: &mut LiteConnection) -> QueryResult<i64> {
    run_query::RunQueryDsl::first(notes::table.count(), connection).await
}

fn insert(id: i64) -> impl QueryFragment<Sqlite> + run_query::ExecuteQuery<LiteConnection> {
    diesel::insert_into(notes::table).values(notes::id.eq(id))
}

/// Runs a test on a runtime like that of a worker of the HTTP server.
fn on_a_worker(test: impl Future<Output = ()>) {
    ok(Builder::new_current_thread().enable_all().build()).block_on(test);
}

/// A read that fails with `SQLITE_BUSY` until its connection waits for locks.
fn read_that_needs_a_lock(connection: &mut SqliteConnection) -> QueryResult<Output> {
    let timeout = sql_query("SELECT timeout AS number FROM pragma_busy_timeout").get_result::<Number>(connection)?;
    if timeout.number == 0 {
        let busy = "database is locked".to_owned();
        return Err(Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(busy)));
    }
    Ok(Box::new(timeout.number))
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    number: i64,
}

async fn read_waits_for_a_lock() {
    let pool = TestPool::new(Access::Read);
    for _ in 0..2 {
        let mut connection = pool.lend(Access::Read).await;
        let timeout = ok(connection.run(Box::new(read_that_needs_a_lock)).await);
        assert!(timeout.downcast_ref().is_some_and(|timeout: &i64| *timeout > 0));
        assert!(connection.run(Box::new(|_| Ok(Box::new(())))).await.is_ok());
    }
}

#[test]
fn a_read_of_a_worker_waits_for_a_lock() {
    on_a_worker(read_waits_for_a_lock());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_read_of_a_job_waits_for_a_lock() {
    read_waits_for_a_lock().await;
}

#[test]
fn nothing_runs_on_the_worker() {
    on_a_worker(async {
        for access in [Access::Read, Access::Write] {
            let pool = TestPool::new(access);
            let mut connection = pool.lend(access).await;
            let thread = ok(connection.run(Box::new(|_| Ok(Box::new(thread::current().id())))).await);
            assert!(thread.downcast_ref().is_some_and(|id: &ThreadId| *id != thread::current().id()));
        }
    });
}

#[test]
fn a_caller_that_is_gone_leaves_a_clean_connection() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        connection.begin();
        let mut count = Box::pin(count(&mut connection));
        poll_fn(|context| {
            assert!(count.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(count);
        drop(connection);
        // The pool has one connection.
        let mut connection = pool.lend(Access::Write).await;
        connection.begin();
        ok(connection.commit().await);
    });
}

#[test]
fn a_transaction_waits_for_the_lock_of_another_process() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        let mut other = pool.other();
        ok(other.batch_execute("BEGIN IMMEDIATE"));
        connection.begin();
        let mut count = std::pin::pin!(count(&mut connection));
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut count).await.is_err(), "must wait");
        ok(other.batch_execute("ROLLBACK"));
        assert_eq!(ok(count.await), 0);
    });
}

/// The pool has one connection, so the next caller gets the connection of the dropped transaction.
#[test]
fn a_dropped_transaction_is_rolled_back_before_the_next_caller() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        connection.begin();
        ok(run_query::RunQueryDsl::execute(insert(1), &mut connection).await);
        drop(connection);
        assert_eq!(ok(count(&mut pool.lend(Access::Write).await).await), 0);
    });
}

#[test]
fn deferred_statements_run_in_their_order_before_the_next_one() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        connection.begin();
        connection.defer(run_query::sqlite_query(insert(1)));
        connection.defer(run_query::sqlite_query(diesel::update(notes::table).set(notes::id.eq(notes::id + 1))));
        connection.defer(run_query::sqlite_query(insert(1)));
        assert_eq!(connection.deferred(), 3);
        assert_eq!(ok(count(&mut connection).await), 2);
        assert_eq!(connection.deferred(), 0);
        connection.defer(run_query::sqlite_query(insert(3)));
        ok(connection.commit().await);
        assert_eq!(ok(count(&mut pool.lend(Access::Write).await).await), 3);
    });
}

#[test]
fn the_error_of_a_deferred_statement_is_that_of_the_commit_which_changes_nothing() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        connection.begin();
        connection.defer(run_query::sqlite_query(insert(1)));
        connection.defer(run_query::sqlite_query(insert(1)));
        let failed = connection.commit().await;
        assert!(matches!(failed, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))), "{failed:?}");
        drop(connection);
        assert_eq!(ok(count(&mut pool.lend(Access::Write).await).await), 0);
    });
}

#[test]
fn a_commit_gives_the_connection_back_and_a_statement_of_a_transaction_keeps_it() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut one = pool.lend(Access::Write).await;
        ok(run_query::RunQueryDsl::execute(insert(1), &mut one).await);
        assert!(one.lent.is_none() && count(&mut one).await.is_err());
        let mut other = pool.lend(Access::Write).await;
        other.begin();
        ok(run_query::RunQueryDsl::execute(insert(2), &mut other).await);
        assert!(other.lent.is_some());
        ok(other.commit().await);
        assert!(other.lent.is_none());
    });
}

/// Counts the statements that a connection prepares for its cache.
fn count_prepared(connection: &mut LiteConnection) -> Arc<AtomicUsize> {
    let prepared = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&prepared);
    let pooled = connection.lent.as_mut().and_then(|lent| lent.connection.as_mut());
    let Some(pooled) = pooled else { panic!("the connection is in use") };
    pooled.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    prepared
}

/// diesel caches the insertion by itself, and none of the others.
#[test]
fn every_statement_is_prepared_once() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        let prepared = count_prepared(&mut connection);
        // A single statement would give the connection back.
        connection.begin();
        for id in 1..=3_i64 {
            let row = (notes::id.eq(id), notes::text.eq(Some("text")));
            let insert = diesel::insert_into(notes::table).values(row);
            ok(run_query::RunQueryDsl::execute(insert, &mut connection).await);
            let update = diesel::update(notes::table.find(id)).set(notes::text.eq(Some("other")));
            ok(run_query::RunQueryDsl::execute(update, &mut connection).await);
            let some = notes::table.filter(notes::id.eq_any([id, 9])).select(notes::id);
            assert_eq!(ok(run_query::RunQueryDsl::load::<i64, _>(some, &mut connection).await), [id]);
            ok(run_query::RunQueryDsl::execute(sql_query("DELETE FROM notes WHERE id = 9"), &mut connection).await);
        }
        assert_eq!(prepared.load(Ordering::Relaxed), 4);
    });
}
