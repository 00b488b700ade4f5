//! Tests of the migrations of both databases: up, down and up again ends with the same schema.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query,
    sql_types::Text,
};
use tessera_adapters::{DatabaseSettings, OpenError, SqlStore};
use tessera_testkit::expectations::{ok, parsed, some};
use tessera_tests::database::{Backend, TestDatabase};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Returns the directories of the migrations of one database, in order.
fn migrations(tree: &str) -> Vec<PathBuf> {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(tree);
    let mut found: Vec<PathBuf> = ok(fs::read_dir(tree)).map(|entry| ok(entry).path()).collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Returns the scripts that create the schema, in order.
fn up(tree: &str) -> Vec<String> {
    migrations(tree).iter().map(|path| ok(fs::read_to_string(path.join("up.sql")))).collect()
}

/// Returns the scripts that remove the schema, in reverse order.
fn down(tree: &str) -> Vec<String> {
    migrations(tree).iter().rev().map(|path| ok(fs::read_to_string(path.join("down.sql")))).collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Returns the tables and indexes of the database.
fn sqlite_schema(connection: &mut SqliteConnection) -> BTreeSet<String> {
    let query = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema";
    let lines: Vec<Line> = ok(sql_query(query).load(connection));
    lines.into_iter().map(|line| line.line).collect()
}

/// Returns the columns, constraints and indexes of the `public` schema.
async fn postgres_schema(client: &Client) -> BTreeSet<String> {
    let query = "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default, collation_name)
            FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'";
    let messages = ok(client.simple_query(query).await);
    let line = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    };
    messages.iter().filter_map(line).collect()
}

fn run(connection: &mut SqliteConnection, scripts: Vec<String>) {
    for script in scripts {
        ok(connection.batch_execute(&script));
    }
}

#[tokio::test]
async fn sqlite_goes_up_down_and_up() {
    let database = TestDatabase::create(Backend::Sqlite).await;
    let file = some(database.url().strip_prefix("sqlite://"));
    let mut connection = ok(SqliteConnection::establish(file));
    ok(connection.batch_execute("PRAGMA foreign_keys = ON"));
    run(&mut connection, up("sqlite"));
    let first = sqlite_schema(&mut connection);
    assert!(first.iter().any(|line| line.starts_with("table users ")), "{first:?}");
    run(&mut connection, down("sqlite"));
    assert_eq!(sqlite_schema(&mut connection), BTreeSet::new());
    run(&mut connection, up("sqlite"));
    assert_eq!(sqlite_schema(&mut connection), first);
}

#[tokio::test]
async fn postgres_goes_up_down_and_up() {
    let database = TestDatabase::create(Backend::Postgres).await;
    let (client, connection) = ok(tokio_postgres::connect(database.url(), NoTls).await);
    let connection = tokio::spawn(connection);
    let run = async |scripts: Vec<String>| {
        for script in scripts {
            // One by one, as the service does: a script of several statements is one transaction.
            let (alone, at_once) = if script.contains("CONCURRENTLY") { (&*script, "") } else { ("", &*script) };
            for statement in alone.split_terminator(";\n").chain([at_once]) {
                ok(client.batch_execute(statement).await);
            }
        }
    };
    run(up("postgres")).await;
    let first = postgres_schema(&client).await;
    assert!(first.iter().any(|line| line.starts_with("users email ")), "{first:?}");
    run(down("postgres")).await;
    assert_eq!(postgres_schema(&client).await, BTreeSet::new());
    run(up("postgres")).await;
    assert_eq!(postgres_schema(&client).await, first);
    drop(client);
    ok(ok(connection.await));
}

async fn open(database: &TestDatabase) -> Result<SqlStore, OpenError> {
    SqlStore::open(&DatabaseSettings::new(parsed(database.url()))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_waits_for_a_lock_is_tried_again() {
    let database = Arc::new(TestDatabase::create(Backend::Postgres).await);
    drop(ok(open(&database).await));
    let (client, connection) = ok(tokio_postgres::connect(database.url(), NoTls).await);
    let connection = tokio::spawn(connection);
    // Migration 0042 changes the table of organizations, which a transaction has read.
    for path in migrations("postgres").iter().rev().take_while(|path| !path.ends_with("0041_email_addresses")) {
        ok(client.batch_execute(&ok(fs::read_to_string(path.join("down.sql")))).await);
    }
    ok(client.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version >= '0042'").await);
    ok(client.batch_execute("BEGIN; SELECT FROM organizations").await);
    let opening = tokio::spawn({
        let database = Arc::clone(&database);
        async move { open(&database).await.map(drop) }
    });
    // Longer than one attempt waits.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    ok(client.batch_execute("COMMIT").await);
    ok(ok(opening.await));
    drop(client);
    ok(ok(connection.await));
}
