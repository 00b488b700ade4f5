//! Requests that wait for a database lock fail in time and write nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use tessera_tests::{
    api::Answer,
    database::Backend,
    test_org::{Person, Service},
};
use tokio_postgres::{Client, NoTls};

use crate::storage;

/// The statement timeout, minus a tolerance for the clock of the database server.
const STATEMENT: Duration = Duration::from_millis(4_900);

/// The timeout for a connection, minus the same tolerance.
const CONNECTION: Duration = Duration::from_millis(1_900);

/// The total database timeout of a request.
const TOTAL: Duration = Duration::from_secs(10);

/// A PostgreSQL session besides the service, with an open transaction.
async fn begin_on_postgres(service: &Service) -> Client {
    let connected = tokio_postgres::connect(service.installation.database().url(), NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| panic!("no connection: {error}"));
    drop(tokio::spawn(connection));
    execute(&client, "BEGIN").await;
    client
}

async fn execute(client: &Client, statement: &str) {
    client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
}

/// The response and the time until it arrived.
async fn timed(response: impl Future<Output = Answer>) -> (Answer, Duration) {
    let start = Instant::now();
    (response.await, start.elapsed())
}

/// Asserts that a request has waited at least this long, but not longer than the total timeout.
#[track_caller]
fn is_unavailable(response: &(Answer, Duration), at_least: Duration) {
    let (answer, elapsed) = response;
    answer.problem(503, "busy");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!((at_least..TOTAL).contains(elapsed), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_for_a_lock_of_postgres_is_503_in_time_slow() {
    let service = Service::start(Backend::Postgres).await;
    let api = service.api();
    let (person, other, third) =
        (Person::register(&api).await, Person::register(&api).await, Person::register(&api).await);
    let before = person.get("/users/me").await.expecting(200);
    let (row, table) = (begin_on_postgres(&service).await, begin_on_postgres(&service).await);
    execute(&row, &format!("SELECT FROM users WHERE id = '{}' FOR UPDATE", person.id)).await;
    execute(&table, "LOCK TABLE organizations IN ACCESS EXCLUSIVE MODE").await;

    let (name, organization) = (json!({"display_name": "Changed"}), json!({"name": "Studio"}));
    let (changed, made, undisturbed) = tokio::join!(
        timed(person.put("/users/me", &name)),
        timed(other.post("/orgs", &organization)),
        timed(third.put("/users/me", &name)),
    );
    is_unavailable(&changed, STATEMENT);
    is_unavailable(&made, STATEMENT);
    assert_eq!(undisturbed.0.expecting(200)["display_name"], "Changed");
    assert!(undisturbed.1 < CONNECTION, "{:?}", undisturbed.1);

    execute(&row, "ROLLBACK").await;
    execute(&table, "ROLLBACK").await;
    assert_eq!(person.get("/users/me").await.expecting(200), before);
    execute(&table, "DO $$ BEGIN ASSERT (SELECT count(*) FROM organizations) = 0; END $$").await;
    assert_eq!(person.put("/users/me", &name).await.expecting(200)["display_name"], "Changed");
    other.post("/orgs", &organization).await.is(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_waits_for_the_writer_of_sqlite_is_503_in_time_slow() {
    let (service, person) = Service::with_person(Backend::Sqlite).await;
    let before = person.get("/users/me").await.expecting(200);
    let store = storage::open(&service.installation).await;
    let writer = storage::hold_writer(&store).await;

    let name = json!({"display_name": "Changed"});
    let (changed, read) = tokio::join!(timed(person.put("/users/me", &name)), timed(person.get("/users/me")));
    // A job of the service may hold the only write connection and wait for the same lock.
    is_unavailable(&changed, CONNECTION);
    assert_eq!(read.0.expecting(200), before);
    assert!(read.1 < CONNECTION, "{:?}", read.1);

    drop(writer);
    assert_eq!(person.get("/users/me").await.expecting(200), before);
    assert_eq!(person.put("/users/me", &name).await.expecting(200)["display_name"], "Changed");
}
