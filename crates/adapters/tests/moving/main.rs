//! The move from SQLite to PostgreSQL, with rows in every table. The tests are in this crate because they change rows behind the
//! back of the service, and on SQLite only this crate can.
//!
//! `TEST_MOVE_ROWS` is the number of rows of each table.

mod generator;
mod interrupted;
mod marks;
mod schemas;

use std::{collections::BTreeMap, path::PathBuf};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use tessera_adapters::{
    Comparison, DatabaseSettings, Difference, MasterKey, MoveError, MoveSettings, MovedDatabase, Moving, OpenError,
    SqlStore,
};
use tessera_system::system_ports;
use tessera_testkit::expectations::{ok, parsed, some};
use tessera_tests::{
    database::{Backend, TestDatabase},
    process::MASTER_KEY,
};

/// 60, or `TEST_MOVE_ROWS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
fn rows() -> usize {
    std::env::var("TEST_MOVE_ROWS").map_or(60, |number| number.parse().unwrap_or_else(|error| panic!("{error}")))
}

/// Tables that are not copied, and the table of secrets, which the tests fill with valid ones.
const NOT_GENERATED: [&str; 3] = ["__diesel_schema_migrations", "lock_rows", "secrets"];

/// A SQLite database and an empty PostgreSQL database.
struct Pair {
    source: TestDatabase,
    target: TestDatabase,
}

/// A target with the schema.
async fn migrated() -> TestDatabase {
    TestDatabase::create_migrated(Backend::Postgres, async |template| drop(ok(open(template).await))).await
}

fn key() -> MasterKey {
    parsed(MASTER_KEY)
}

async fn open(database: &TestDatabase) -> Result<SqlStore, OpenError> {
    SqlStore::open(&DatabaseSettings::new(parsed(database.url()))).await
}

impl Pair {
    /// A source that has been served once, without other rows, and an empty target.
    async fn new() -> Self {
        Self::with_target(TestDatabase::create(Backend::Postgres).await).await
    }

    async fn with_target(target: TestDatabase) -> Self {
        let source = TestDatabase::create(Backend::Sqlite).await;
        let store = ok(open(&source).await);
        for name in ["keyed-hash-root", "another"] {
            let sealed = ok(key().seal(name, &[7; 32], &*system_ports().entropy));
            ok(store.keep_secret(name, &sealed).await);
        }
        Self { source, target }
    }

    /// A source with rows in every table.
    async fn full() -> (Self, BTreeMap<String, i64>) {
        let pair = Self::new().await;
        let rows = pair.fill(rows()).await;
        (pair, rows)
    }

    async fn fill(&self, rows: usize) -> BTreeMap<String, i64> {
        let schema = migrated().await;
        let types = "SELECT c.relname || ' ' || a.attname || ' ' || t.typname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'";
        let kinds = schema.texts(types).await.into_iter().map(|line| {
            let parts: Vec<&str> = line.split(' ').collect();
            ((parts[0].to_owned(), parts[1].to_owned()), parts[2].to_owned())
        });
        generator::fill(&mut self.sqlite(), &kinds.collect(), &NOT_GENERATED, rows)
    }

    fn file(&self) -> PathBuf {
        some(self.source.directory()).join("tessera.db")
    }

    /// A connection to the source.
    fn sqlite(&self) -> SqliteConnection {
        ok(SqliteConnection::establish(some(self.file().to_str())))
    }

    fn change(&self, statements: &str) {
        ok(self.sqlite().batch_execute(statements));
    }

    fn settings(&self) -> MoveSettings {
        MoveSettings { database: self.file(), target: self.target.url().to_owned(), password: None, authorities: None }
    }

    async fn begin(&self) -> Result<Moving, MoveError> {
        Moving::begin(&self.settings(), &key()).await
    }

    async fn run(&self) -> Result<MovedDatabase, MoveError> {
        self.begin().await?.copy(|_| {}).await
    }

    async fn compare(&self) -> Result<Comparison, MoveError> {
        Moving::begin_comparison(&self.settings(), &key()).await?.compare(|_| {}).await
    }

    /// The first difference between the databases.
    async fn difference(&self) -> Option<Difference> {
        ok(self.compare().await).difference
    }

    async fn on_target(&self, statements: &str) {
        self.target.execute(statements).await;
    }

    /// Ends the connections of nodes to the target.
    async fn end_nodes(&self) {
        let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'tessera'";
        self.on_target(end).await;
    }

    /// The number of rows of a table of the target.
    async fn rows_there(&self, table: &str) -> i64 {
        let count = self.target.texts(&format!("SELECT count(*) FROM {table}")).await;
        parsed(some(count.first().map(String::as_str)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_is_copied_with_all_its_rows() {
    let (pair, rows) = Pair::full().await;
    let moving = ok(pair.begin().await);
    let total = moving.rows();
    let mut reported = Vec::new();
    let moved = ok(moving.copy(|rows| reported.push(rows)).await);
    let copied: BTreeMap<&str, u64> = moved.tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    for (table, rows) in &rows {
        match table.as_str() {
            "__diesel_schema_migrations" | "lock_rows" => assert!(!copied.contains_key(table.as_str()), "{table}"),
            table => {
                assert!(*rows > 0, "the generator must fill {table}");
                assert_eq!(copied.get(table).copied(), u64::try_from(*rows).ok(), "{table}");
                assert_eq!(pair.rows_there(table).await, *rows, "{table}");
            }
        }
    }
    assert_eq!((reported.last().copied(), copied.values().sum()), (Some(total), total));
    assert_eq!(pair.rows_there("lock_rows").await, 130, "they are part of the schema");
    let Comparison { tables, difference, is_served } = ok(pair.compare().await);
    assert_eq!((difference, is_served), (None, false));
    let digests = |tables: &[tessera_adapters::MovedTable]| -> Vec<(String, u64, String)> {
        tables.iter().map(|table| (table.name.clone(), table.rows, table.digest.clone())).collect()
    };
    assert_eq!(digests(&tables), digests(&moved.tables));
    eprintln!("{total} rows, {:?} without writes", moved.without_writes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_and_texts_stay_byte_for_byte() {
    let pair = Pair::new().await;
    let document = "{ \"b\" : 1.0,\n\t\"a\":1e3, \"b\": \"\\u00e9 é\" }";
    pair.change(&format!(
        "INSERT INTO users (id, email_verified, display_name, created_at, updated_at) VALUES (x'{0}', 1, 'ż''\"\\ 🦀', -1, 253402300799999999);
        INSERT INTO custom_data (user_id, data, version, created_at, updated_at) VALUES (x'{0}', '{document}', 9, 1, 2)",
        "0190a0b0c0d0e0f00102030405060708"
    ));
    ok(pair.run().await);
    assert_eq!(pair.target.texts("SELECT data FROM custom_data").await, [document]);
    assert_eq!(pair.target.texts("SELECT display_name FROM users").await, ["ż'\"\\ 🦀"]);
    let times = "SELECT (extract(epoch FROM created_at) * 1000000)::bigint || ' ' ||
        (extract(epoch FROM updated_at) * 1000000)::bigint FROM users";
    assert_eq!(pair.target.texts(times).await, ["-1 253402300799999999"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comparison_finds_a_changed_an_added_and_a_deleted_row() {
    let (pair, _) = Pair::full().await;
    ok(pair.run().await);
    let first = |table: &str| format!("(SELECT min(id::text)::uuid FROM {table})");
    let expect = async |what: &str, table: &str| {
        let found = some(pair.difference().await);
        assert!(found.table == table && found.what == what && !found.key.is_empty(), "{table} {what}: {found:?}");
        found.key
    };
    let id = some(pair.target.texts(&format!("SELECT {}", first("items"))).await.pop());
    pair.on_target(&format!("UPDATE items SET sku = sku || '.' WHERE id = '{id}'")).await;
    assert_eq!(expect("has other values in the target", "items").await, id);
    pair.on_target(&format!("UPDATE items SET sku = left(sku, -1) WHERE id = '{id}'")).await;
    assert_eq!(pair.difference().await, None);

    pair.on_target("INSERT INTO password_hash_costs VALUES ('added')").await;
    assert_eq!(expect("is only in the target", "password_hash_costs").await, "added");
    pair.on_target("DELETE FROM password_hash_costs WHERE cost = 'added'").await;
    pair.on_target(&format!("DELETE FROM events WHERE id = {}", first("events"))).await;
    expect("is missing in the target", "events").await;
}
