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
use diesel::{connection::InstrumentationEvent, prelude::*, sql_query};
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
        LiteConnection::new(ok(self.pool.get().await), access, &self.read_queue)
    }

    fn other(&self) -> SqliteConnection {
        ok(file::create(&self.directory.path().join("test.db")))
    }
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
        let mut beginning = Box::pin(connection.begin());
        poll_fn(|context| {
            assert!(beginning.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(beginning);
        drop(connection);
        // The pool has one connection.
        let mut connection = pool.lend(Access::Write).await;
        ok(connection.begin().await);
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
        let mut beginning = std::pin::pin!(connection.begin());
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut beginning).await.is_err(), "must wait");
        ok(other.batch_execute("ROLLBACK"));
        ok(beginning.await);
    });
}

/// The pool has one connection, so the next caller gets the connection of the dropped transaction.
#[test]
fn a_dropped_transaction_is_rolled_back_before_the_next_caller() {
    on_a_worker(async {
        let pool = TestPool::new(Access::Write);
        let mut connection = pool.lend(Access::Write).await;
        ok(connection.begin().await);
        let insert = diesel::insert_into(notes::table).values(notes::id.eq(1));
        ok(run_query::RunQueryDsl::execute(insert, &mut connection).await);
        drop(connection);
        let mut connection = pool.lend(Access::Write).await;
        let count: i64 = ok(run_query::RunQueryDsl::first(notes::table.count(), &mut connection).await);
        assert_eq!(count, 0);
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
