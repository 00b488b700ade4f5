//! Moves that are rejected, and moves that are undone.

use std::path::Path;

use tessera_adapters::{MasterKey, MoveError, MoveSettings, Moving, OpenError, reopen_moved_database};
use tessera_kernel::Secret;
use tessera_testkit::expectations::{failed, ok, parsed, some};
use tessera_tests::database::{Backend, TestDatabase};

use super::{Pair, key, open};

impl Pair {
    async fn rejected(&self) -> MoveError {
        failed(self.begin().await.map(|moving| moving.rows()))
    }

    async fn reopen(&self) -> Result<String, MoveError> {
        reopen_moved_database(&self.file(), None, None).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_in_use_is_rejected() {
    let pair = Pair::new().await;
    let node = ok(open(&pair.target).await);
    ok(node.ping().await);
    let error = pair.rejected().await;
    assert!(matches!(error, MoveError::Nodes(1..)), "{error:?}");
    // The mark stays, so the node is gone for ever.
    ok(node.keep_secret("of the node", b"sealed").await);
    drop(node);
    pair.end_nodes().await;
    ok(pair.run().await);
    assert_eq!(pair.difference().await, None, "what the node wrote meanwhile is removed");

    let other = Pair::new().await;
    ok(ok(open(&other.target).await).keep_secret("jwt", b"sealed").await);
    let error = other.rejected().await;
    assert!(matches!(&error, MoveError::OtherRows(table) if table == "secrets"), "{error:?}");
    let opened = ok(open(&other.source).await);
    ok(opened.ping().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_move_to_the_target_is_waited_for() {
    let pair = Pair::new().await;
    let url = format!("{}?application_name=tessera%20move", pair.target.url());
    let (client, connection) = ok(tokio_postgres::connect(&url, tokio_postgres::NoTls).await);
    let connection = tokio::spawn(connection);
    let error = pair.rejected().await;
    assert!(matches!(error, MoveError::OtherMove), "{error:?}");
    drop(client);
    ok(ok(connection.await));
    ok(pair.run().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_belongs_to_one_source_and_a_source_to_one_target() {
    let (one, other) = (Pair::new().await, Pair::new().await);
    drop(ok(one.begin().await));
    let to = |target: &TestDatabase| MoveSettings { target: target.url().to_owned(), ..other.settings() };
    let error = failed(Moving::begin(&to(&one.target), &key()).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::OtherSource), "{error:?}");
    ok(other.run().await);
    let error = failed(Moving::begin(&to(&one.target), &key()).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::OtherSource), "{error:?}");
    let empty = TestDatabase::create(Backend::Postgres).await;
    let error = failed(Moving::begin(&to(&empty), &key()).await.map(|moving| moving.rows()));
    assert!(matches!(&error, MoveError::OtherTarget(url) if url == other.target.url()), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_the_source_does_not_replace_a_target_that_nodes_use() {
    let pair = Pair::new().await;
    let backup = some(pair.source.directory()).join("backup.db");
    pair.change(&format!("VACUUM INTO '{}'", backup.display()));
    ok(pair.run().await);
    let settings = MoveSettings { database: backup, ..pair.settings() };
    let error = failed(Moving::begin(&settings, &key()).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::TargetInUse), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_needs_the_key_the_schema_and_an_address_without_a_password() {
    let pair = Pair::new().await;
    let other: MasterKey = parsed("ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff");
    let error = failed(Moving::begin(&pair.settings(), &other).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::WrongKey(_)), "{error:?}");
    let target = pair.target.url().replace("postgres@", "postgres:secret@");
    assert_ne!(target, pair.target.url());
    let settings = MoveSettings { target, ..pair.settings() };
    let error = failed(Moving::begin(&settings, &key()).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::PasswordInUrl) && !format!("{error:?}{error}").contains("secret"), "{error:?}");
    let settings = MoveSettings { database: "nowhere.db".into(), ..pair.settings() };
    let error = failed(Moving::begin(&settings, &key()).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::NoDatabase(_)) && !Path::new("nowhere.db").exists(), "{error:?}");
    let error = failed(pair.compare().await);
    assert!(matches!(error, MoveError::Schema { of: "target", .. }), "{error:?}");

    drop(ok(open(&pair.target).await));
    pair.end_nodes().await;
    for (change, undo) in [
        (
            "DELETE FROM __diesel_schema_migrations WHERE version = '0045'",
            "INSERT INTO __diesel_schema_migrations VALUES ('0045', now())",
        ),
        (
            "INSERT INTO __diesel_schema_migrations VALUES ('9999', now())",
            "DELETE FROM __diesel_schema_migrations WHERE version = '9999'",
        ),
    ] {
        pair.on_target(change).await;
        let error = pair.rejected().await;
        let is_schema = matches!(error, MoveError::Schema { .. } | MoveError::Open(OpenError::NewerSchema { .. }));
        assert!(is_schema, "{change}: {error:?}");
        pair.on_target(undo).await;
        let (change, undo) = (change.replace("now()", "0"), undo.replace("now()", "0"));
        pair.change(&change);
        let error = pair.rejected().await;
        let is_schema = matches!(error, MoveError::Schema { .. } | MoveError::Open(OpenError::NewerSchema { .. }));
        assert!(is_schema, "{change}: {error:?}");
        pair.change(&undo);
    }
    let settings = MoveSettings { password: Some(Secret::new("not needed".to_owned())), ..pair.settings() };
    ok(ok(Moving::begin(&settings, &key()).await).copy(|_| {}).await);
    let empty = TestDatabase::create(Backend::Sqlite).await;
    drop(ok(open(&empty).await));
    let settings = MoveSettings { database: some(empty.directory()).join("tessera.db"), ..pair.settings() };
    let error = failed(Moving::begin(&settings, &key()).await.map(|moving| moving.rows()));
    assert!(matches!(error, MoveError::NothingToMove), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_is_undone_until_a_node_has_served_the_target() {
    let pair = Pair::new().await;
    let error = failed(pair.reopen().await);
    assert!(matches!(error, MoveError::NotMoved), "{error:?}");
    ok(pair.run().await);
    assert_eq!(ok(pair.reopen().await), pair.target.url());
    let incomplete = failed(open(&pair.target).await.map(drop));
    assert!(matches!(incomplete, OpenError::Unavailable(_)), "{incomplete:?}");
    let source = ok(open(&pair.source).await);
    ok(source.keep_secret("after", &ok(key().seal("after", b"x", &*tessera_system::system_ports().entropy))).await);
    drop(source);

    ok(pair.run().await);
    drop(ok(open(&pair.target).await));
    let error = failed(pair.reopen().await);
    assert!(matches!(&error, MoveError::Served(url) if url == pair.target.url()), "{error:?}");
    assert!(ok(pair.compare().await).is_served);
    let closed = failed(open(&pair.source).await.map(drop));
    assert!(matches!(closed, OpenError::Moved { .. }), "{closed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_is_undone_if_the_target_was_replaced_by_an_empty_database() {
    let pair = Pair::new().await;
    ok(pair.run().await);
    pair.on_target("DROP TABLE moved_from").await;
    let error = failed(pair.reopen().await);
    assert!(matches!(error, MoveError::NotTheTarget(_)), "{error:?}");
    pair.on_target("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    ok(pair.reopen().await);
    ok(ok(open(&pair.source).await).ping().await);
}
