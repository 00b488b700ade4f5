//! Databases that are not yet available, unavailable, full, or have another time.

use std::{net::SocketAddr, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, try_send},
    database::Backend,
    eventually,
    process::Installation,
    proxy::{Proxy, server_of},
    raw::{exchange, status_of},
    test_org::Service,
};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(30);

/// An address that no process listens on.
async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    listener.and_then(|listener| listener.local_addr()).unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let (listen, database) = (free_address().await, free_address().await);
    let installation = Installation::empty(Backend::Postgres).await.set("TESSERA_LISTEN", &listen.to_string());
    let url = installation.database().url().to_owned();
    let server = server_of(&url).to_owned();
    let installation = installation.set("TESSERA_DATABASE_URL", &url.replace(&server, &database.to_string()));

    let starting = installation.spawn();
    let api = Api::new(&format!("http://{listen}"));
    let live =
        eventually("it lives", PATIENCE, || async { try_send(api.request(Method::GET, "/health/live")).await.ok() })
            .await;
    assert_eq!(live.expecting(200)["status"], "live");
    api.get_root("/health/ready").await.problem(503, "not_ready");
    for answer in [api.get("/users/me").await, api.post("/auth/login", &json!({})).await] {
        answer.problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    // The rules for connections hold from the start.
    let bare_line_feeds = exchange(&listen.to_string(), b"GET /health/live HTTP/1.1\nHost: a\n\n").await;
    assert_eq!(status_of(&bare_line_feeds), 400, "{bare_line_feeds}");
    assert_eq!(starting.stops_early().await.code(), Some(0));

    let starting = installation.spawn();
    eventually("it has tried", PATIENCE, || async { starting.log().contains("not available").then_some(()) }).await;
    let gate = TcpListener::bind(database).await.unwrap_or_else(|error| panic!("{error}"));
    let _proxy = Proxy::at(gate, &server);
    let node = starting.ready();
    node.api().get_root("/health/ready").await.is(200);
    assert_eq!(node.log().matches("not ready until it is").count(), 1, "each cause is logged once");
}

/// Polls readiness until it has the expected state. The service caches the result for a second.
async fn readiness(api: &Api, what: &str, right: impl Fn(&Answer) -> bool) -> Value {
    eventually(what, PATIENCE, || async {
        let answer = api.get_root("/health/ready").await;
        right(&answer).then(|| answer.json())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_names_what_fails_and_life_does_not_depend_on_it() {
    let service = Service::start(Backend::Postgres).await;
    let (api, database) = (service.api(), service.installation.database());
    let ready = readiness(&api, "it is ready", |answer| answer.status == 200).await;
    assert_eq!(ready["checks"], json!({"database": "ok", "clock": "ok", "disk": "ok"}));

    let fill = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'kein Platz' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION full_disk();
        CREATE TRIGGER full_disk BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION full_disk()";
    database.execute(fill).await;
    let user = json!({"email": "ada@example.com", "password": "quite unguessable 7", "display_name": "Ada"});
    let refused = api.post("/auth/register", &user).await;
    refused.problem(503, "unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let problem = readiness(&api, "the disk is full", |answer| answer.status == 503).await;
    assert_eq!(problem["checks"], json!({"database": "ok", "clock": "ok", "disk": "failed"}), "{problem}");
    database.execute("DROP FUNCTION full_disk() CASCADE").await;
    readiness(&api, "there is room again", |answer| answer.status == 200).await;

    // The service calls the function without a schema name, so this function is found before the built-in one.
    let name = database.url().rsplit('/').next().unwrap_or_default();
    let turn = "CREATE FUNCTION public.statement_timestamp() RETURNS timestamptz LANGUAGE sql
        AS $$ SELECT pg_catalog.clock_timestamp() + interval '20 s' $$";
    database.execute(turn).await;
    database.execute(&format!("ALTER DATABASE {name} SET search_path = public, pg_catalog")).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.execute(end).await;
    let problem = readiness(&api, "the clocks differ", |answer| answer.json()["checks"]["clock"] == "failed").await;
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("clock")), "{problem}");

    database.take_away().await;
    let gone = readiness(&api, "the database is gone", |answer| answer.json()["checks"]["database"] == "failed").await;
    assert_eq!(gone["code"], "not_ready");
    api.get_root("/health/live").await.is(200);
}
