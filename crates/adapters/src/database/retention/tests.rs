//! Tests of the statement: it finds the rows by an index on both databases.

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, debug_query, sql_query, sql_types::Text};
use tessera_tests::database::{Backend, TestDatabase};
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::*;
use crate::database::engine::DatabaseSettings;

const AGE: Duration = Duration::DAY;

async fn migrated(backend: Backend) -> TestDatabase {
    let database = TestDatabase::create(backend).await;
    let url = database.url().parse().unwrap_or_else(|error| panic!("{error}"));
    SqlStore::open(&DatabaseSettings::new(url)).await.unwrap_or_else(|error| panic!("{error}"));
    database
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_finds_old_rows_by_an_index() {
    let database = migrated(Backend::Sqlite).await;
    let file = database.url().trim_start_matches("sqlite://");
    let mut connection = SqliteConnection::establish(file).unwrap_or_else(|error| panic!("{error}"));
    for (table, limit) in time_limits() {
        let statement = DeleteOldRows::new(table, limit, AGE, 1_000);
        let sql = debug_query::<diesel::sqlite::Sqlite, _>(&statement).to_string();
        let sql = sql.split(" -- binds").next().unwrap_or_default().replace('?', "1");
        let explain = sql_query(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan: Vec<Step> = RunQueryDsl::load(explain, &mut connection).unwrap_or_else(|error| panic!("{error}"));
        let plan: Vec<String> = plan.into_iter().map(|step| step.detail).collect();
        let searches = plan.iter().filter(|step| step.starts_with(&format!("SEARCH {table} USING"))).count();
        assert_eq!(searches, 2, "{table}: {plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY")), "{table}: {plan:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_finds_old_rows_by_an_index() {
    let database = migrated(Backend::Postgres).await;
    let (client, connection) = tokio_postgres::connect(database.url(), NoTls).await.unwrap_or_else(|e| panic!("{e}"));
    let connection = tokio::spawn(connection);
    // The tables are empty, so a scan or a sort would be cheaper than any index.
    let settings = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off";
    client.batch_execute(settings).await.unwrap_or_else(|error| panic!("{error}"));
    for (table, limit) in time_limits() {
        let statement = DeleteOldRows::new(table, limit, AGE, 1_000);
        let sql = debug_query::<diesel::pg::Pg, _>(&statement).to_string();
        let sql = sql.split(" -- binds").next().unwrap_or_default().replace("$1", "1").replace("$2", "1000");
        let plan = client.simple_query(&format!("EXPLAIN {sql}")).await.unwrap_or_else(|error| panic!("{error}"));
        let line = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        };
        let plan: Vec<String> = plan.iter().filter_map(line).collect();
        let scanned = plan.iter().any(|step| step.contains("Seq Scan") || step.contains("Sort"));
        let by_time = plan.iter().any(|step| step.contains("Index Cond") && step.contains("statement_timestamp()"));
        assert!(by_time && !scanned, "{table}: {plan:#?}");
    }
    drop(client);
    connection.await.unwrap_or_else(|error| panic!("{error}")).unwrap_or_else(|error| panic!("{error}"));
}
