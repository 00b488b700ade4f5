//! What the store counts and logs.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use tessera_adapters::{AUDIT_TARGET, DatabaseMetrics, DatabaseSettings, SqlStore};
use tessera_identity::ports::{IdentityStore, IdentityTransaction};
use tessera_kernel::{AuditTrail as _, Event, Outcome};
use tessera_testkit::{
    builders::{event, user},
    expectations::{conflict, ok, parsed},
};
use tessera_tests::database::{Backend, TestDatabase};
use tracing_subscriber::fmt::MakeWriter;

use super::store;

/// The lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    fn audit_lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = ok(String::from_utf8(bytes));
        text.lines().filter(|line| line.contains(AUDIT_TARGET)).map(str::to_owned).collect()
    }
}

async fn counted(backend: Backend) -> (SqlStore, Arc<DatabaseMetrics>, TestDatabase) {
    let create = TestDatabase::create_migrated(backend, async |template| drop(ok(store::open(template).await)));
    let database = create.await;
    let settings = store::settings(&database);
    let metrics = Arc::new(DatabaseMetrics::new(&parsed(database.url())));
    let settings = DatabaseSettings { metrics: Some(Arc::clone(&metrics)), ..settings };
    (ok(SqlStore::open(&settings).await), metrics, database)
}

/// The names that were counted, with their numbers.
fn names(metrics: &DatabaseMetrics) -> Vec<(&'static str, &'static str, u64)> {
    metrics.audit.counts().filter(|(.., count)| *count > 0).collect()
}

fn named(number: u32, name: &str) -> Event {
    Event { name: name.to_owned(), ..event(number) }
}

async fn begin(store: &SqlStore, events: &[Event]) -> Box<dyn IdentityTransaction> {
    let mut tx = ok(IdentityStore::begin(store).await);
    for event in events {
        ok(tx.events().append(event).await);
    }
    tx
}

pub(crate) async fn entries_are_counted_and_logged_by_their_commit(backend: Backend) {
    let (store, metrics, _database) = counted(backend).await;
    let log = Log::default();
    let _logging =
        tracing::subscriber::set_default(tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish());
    let tx = begin(&store, &[named(1, "user.registered"), named(2, "thing.done")]).await;
    assert_eq!((names(&metrics), log.audit_lines().len()), (Vec::new(), 0), "nothing is committed");
    ok(tx.commit().await);
    let committed = vec![("user.registered", "success", 1), ("_OTHER", "success", 1)];
    assert_eq!((names(&metrics), log.audit_lines().len()), (committed.clone(), 2));
    assert!(log.audit_lines()[0].contains("user.registered"), "{:?}", log.audit_lines());
    // Rolled back: dropped, a failed statement, and a failed commit.
    drop(begin(&store, &[named(3, "user.registered")]).await);
    store::at_rest(&store).await;
    let mut tx = begin(&store, &[named(4, "user.registered")]).await;
    ok(tx.users().insert(&user(1), None).await);
    let again = tx.users().insert(&user(1), None).await;
    let ended = match again {
        Ok(()) => tx.commit().await,
        failed => {
            drop(tx);
            failed
        }
    };
    assert!(ended.is_err());
    conflict(begin(&store, &[named(5, "user.updated"), named(5, "user.updated")]).await.commit().await, "events_id");
    assert_eq!((names(&metrics), log.audit_lines().len()), (committed, 2));
    // Each denied attempt counts, also if it adds no row.
    for number in [6, 7] {
        let denied = named(number, "permission.denied");
        ok(store.record(&Event { outcome: Outcome::Refused, actor: event(6).actor, ..denied }).await);
    }
    assert_eq!(names(&metrics)[2..], [("permission.denied", "refused", 2)]);
    assert_eq!(log.audit_lines().len(), 4);
}

pub(crate) async fn errors_and_waits_are_counted(backend: Backend) {
    let (store, metrics, _database) = counted(backend).await;
    let mut tx = ok(IdentityStore::begin(&store).await);
    ok(tx.users().insert(&user(1), None).await);
    ok(tx.commit().await);
    let mut tx = ok(IdentityStore::begin(&store).await);
    let again = match tx.users().insert(&user(1), None).await {
        Ok(()) => tx.commit().await,
        failed => {
            drop(tx);
            failed
        }
    };
    assert!(again.is_err());
    let errors: Vec<_> = metrics.errors.counts().filter(|(_, count)| *count > 0).collect();
    assert_eq!(errors, [("conflict", 1)]);
    let waits: u64 = metrics.waits().flat_map(|(_, waits)| waits.buckets()).map(|(_, count)| count).sum();
    assert!(waits >= 2, "{waits}");
    store::at_rest(&store).await;
    let connections = metrics.connections();
    assert!(connections.iter().all(|(_, pool)| pool.used == 0), "{connections:?}");
    assert!(connections.iter().any(|(_, pool)| pool.idle > 0), "{connections:?}");
}
