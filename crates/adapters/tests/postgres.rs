//! Tests of the store on PostgreSQL: the contracts of its ports, and properties beyond them.

#[macro_use]
#[path = "support/cases.rs"]
mod cases;
#[path = "support/clocks.rs"]
mod clocks;
#[path = "support/cut_off.rs"]
mod cut_off;
#[path = "support/limited_role.rs"]
mod limited_role;
#[path = "support/retention.rs"]
mod retention;
#[path = "support/revocation.rs"]
mod revocation;
#[path = "support/server_errors.rs"]
mod server_errors;
#[path = "support/store.rs"]
mod store;

use tessera_adapters::{DatabaseSettings, OpenError, SqlStore};
use tessera_kernel::StoreError;
use tessera_testkit::{
    builders,
    expectations::{conflict, failed, ok, parsed},
};
use tessera_tests::database::{Backend, TestDatabase};

struct Postgres;

impl store::On for Postgres {
    const BACKEND: Backend = Backend::Postgres;
}

type SqlHarness = store::SqlHarness<Postgres>;

tessera_testkit::all_store_contracts!(SqlHarness);

common_cases! { Backend::Postgres }

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_connection_is_opened_to_a_server_without_tls_if_it_is_required() {
    let database = TestDatabase::create(Backend::Postgres).await;
    let url = parsed(&format!("{}?sslmode=require", database.url()));
    let opened = SqlStore::open(&DatabaseSettings { url, ..store::settings(&database) }).await;
    let error = failed(opened.map(|_| ()));
    assert!(matches!(error, OpenError::Unavailable(_)), "{error:?}");
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(cause.contains("does not support TLS; sslmode=disable in TESSERA_DATABASE_URL"), "{cause}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_error_does_not_contain_the_password() {
    let database = TestDatabase::create(Backend::Postgres).await;
    let url = parsed("postgres://tessera:sesame@127.0.0.1:1/tessera");
    let opened = SqlStore::open(&DatabaseSettings { url, ..store::settings(&database) }).await;
    let error = failed(opened.map(|_| ()));
    let mut text = format!("{error:?}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(fault) = cause {
        text.push_str(&fault.to_string());
        cause = fault.source();
    }
    assert!(error.may_pass(), "the server may be there later: {text}");
    assert!(text.contains("refused") && !text.contains("sesame"), "{text}");
}

/// A server that restarts closes every connection. The store must recover by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_recovers_when_the_server_closes_its_connections() {
    let subject = store::Subject::on(Backend::Postgres).await;
    ok(subject.store.ping().await);
    let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    store::execute(&subject.database, statement).await;
    let recovered = async {
        while subject.store.ping().await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    ok(tokio::time::timeout(std::time::Duration::from_secs(20), recovered).await);
    ok(subject.store.keep_secret("jwt", b"sealed").await);
    store::at_rest(&subject.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_is_unavailable() {
    let subject = store::Subject::on(Backend::Postgres).await;
    let store = subject.store.clone();
    ok(store.ping().await);
    drop(subject);
    for _ in 0..3 {
        let error = failed(store.ping().await);
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(store.connections_in_use(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_deadlocked_transactions_fails_as_busy() {
    let subject = store::Subject::on(Backend::Postgres).await;
    let stores = &subject.stores;
    stores.add_users([&builders::user(1), &builders::user(2)]).await;
    let (mut one, mut other) = (ok(stores.identity.begin().await), ok(stores.identity.begin().await));
    ok(one.users().lock(builders::user_id(1)).await);
    ok(other.users().lock(builders::user_id(2)).await);
    // Each transaction releases its locks as soon as it is rejected.
    let one = async move { one.users().lock(builders::user_id(2)).await.map(|_| ()) };
    let other = async move { other.users().lock(builders::user_id(1)).await.map(|_| ()) };
    let results = tokio::join!(one, other);
    assert!(
        matches!(results, (Ok(()), Err(StoreError::Busy)) | (Err(StoreError::Busy), Ok(()))),
        "one must be busy: {results:?}"
    );
    store::at_rest(&subject.store).await;
}

/// Opening a connection costs more than most requests. A rejected insert must not close its connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_inserts_keep_their_connection() {
    let subject = store::Subject::on(Backend::Postgres).await;
    subject.stores.add_users([&builders::user(1)]).await;
    // The pool has one connection. The pool counts a connection as returned shortly before it is available again, so a
    // larger pool would open another one in between.
    let store = ok(SqlStore::open(&DatabaseSettings { pool_size: 1, ..store::settings(&subject.database) }).await);
    ok(store.ping().await);
    let before = backends(subject.database.url()).await;
    for _ in 0..20 {
        let mut tx = ok(tessera_identity::ports::IdentityStore::begin(&store).await);
        conflict(tx.users().insert(&builders::user(1), None).await, "users_id");
        drop(tx);
        store::at_rest(&store).await;
    }
    let after = backends(subject.database.url()).await;
    // The connection of the migration may still have existed in the first list.
    assert!(after.iter().all(|pid| before.contains(pid)), "{before:?} must not become {after:?}");
}

/// Returns the server processes of the store's connections.
async fn backends(url: &str) -> Vec<i32> {
    let (device, connection) = ok(tokio_postgres::connect(url, tokio_postgres::NoTls).await);
    let connection = tokio::spawn(connection);
    let query = "SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'tessera' ORDER BY pid";
    let pids = ok(device.query(query, &[]).await).iter().map(|row| row.get(0)).collect();
    drop(device);
    ok(ok(connection.await));
    pids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deletion_of_old_rows_skips_locked_ones() {
    let subject = store::Subject::on(Backend::Postgres).await;
    retention::add_old_sessions(&subject, Backend::Postgres, 3).await;
    let (client, connection) = ok(tokio_postgres::connect(subject.database.url(), tokio_postgres::NoTls).await);
    let connection = tokio::spawn(connection);
    ok(client.batch_execute("BEGIN; SELECT FROM sessions LIMIT 1 FOR UPDATE").await);
    let (job, _) = retention::job(&subject.store, retention::SETTINGS);
    assert_eq!(ok(job.run().await), 2);
    ok(client.batch_execute("ROLLBACK").await);
    assert_eq!(ok(job.run().await), 1);
    drop(client);
    ok(ok(connection.await));
}

/// Without an index, the deletion of each row reads a whole table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn references_to_rows_that_become_old_have_an_index() {
    let subject = store::Subject::on(Backend::Postgres).await;
    let tables: Vec<&str> = retention::time_limits().map(|(table, _)| table).collect();
    let referring = format!(
        "SELECT conrelid::regclass::text AS line, EXISTS (
             SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1]) AS indexed
         FROM pg_constraint WHERE contype = 'f' AND confrelid::regclass::text = ANY ('{{{}}}')",
        tables.join(",")
    );
    let of = |indexed: &str| format!("SELECT line FROM ({referring}) AS referring WHERE {indexed}");
    assert_eq!(retention::lines(&subject.database, &of("NOT indexed")).await, Vec::<String>::new());
    assert!(retention::lines(&subject.database, &of("indexed")).await.len() >= 2);
}
