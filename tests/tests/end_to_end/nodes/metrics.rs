//! Metrics and health checks on the address for monitoring.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, send},
    database::Backend,
    eventually, on_both, on_postgres, on_sqlite,
    openmetrics::Exposition,
    process::{Installation, Node},
    raw::connect,
    read_workspace_file,
    test_org::{Service, TestOrg},
};

const PATIENCE: Duration = Duration::from_secs(20);

const LISTEN: &str = "TESSERA_METRICS_LISTEN";

async fn installation(backend: Backend) -> Installation {
    Installation::new(backend).await.set(LISTEN, "127.0.0.1:0")
}

/// The address for monitoring of a node.
struct Monitor(Api);

impl Monitor {
    fn of(node: &Node) -> Self {
        Self(Api::new(&node.read_metrics_url()))
    }

    async fn scrape(&self) -> Exposition {
        let answer = self.0.get_root("/metrics").await;
        answer.is(200);
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), Some(kind));
        Exposition::read(&answer.text())
    }
}

fn lookups_of_keys(scraped: &Exposition) -> [u64; 3] {
    let count = |outcome| scraped.count("tessera_cache_lookups_total", &[("cache", "keys"), ("outcome", outcome)]);
    ["hit", "miss", "untrusted"].map(count)
}

/// The number of requests by method, route and status.
fn requests(scraped: &Exposition, method: &str, route: &str, status: &str) -> u64 {
    let labels = [("http_request_method", method), ("http_route", route), ("http_response_status_code", status)];
    scraped.count("http_server_request_duration_seconds_count", &labels)
}

on_both! {
    a_scrape_has_every_metric_from_the_start
    lookups_and_verifications_of_keys_are_counted
}

on_postgres! {
    the_lag_of_a_revocation_by_another_node_is_measured
}

on_sqlite! {
    requests_are_measured_and_labels_have_nothing_of_them
    the_number_of_series_is_bounded
    each_address_has_only_its_own_paths
    an_invalid_address_for_metrics_prevents_the_start
    the_node_ends_while_a_collector_is_connected
    health_checks_for_monitoring_follow_the_service
}

async fn a_scrape_has_every_metric_from_the_start(backend: Backend) {
    let service = Service::on(installation(backend).await);
    let scraped = Monitor::of(&service.node).scrape().await;
    assert_eq!(scraped.series("tessera_cache_lookups_total").count(), 15);
    assert_eq!(lookups_of_keys(&scraped), [0, 0, 0]);
    let codes = scraped.series("tessera_key_verifications_total");
    assert_eq!(codes.map(|(_, count)| count).collect::<Vec<_>>(), [0; 9]);
    assert_eq!(scraped.count("tessera_revocation_lag_seconds_count", &[]), 0);
    assert_eq!(scraped.count("http_server_active_requests", &[]), 0);
    let database = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    let build = scraped.series("tessera_build_info").next();
    assert!(build.is_some_and(|(labels, one)| labels["database"] == database && one == 1), "{scraped:?}");
    for (name, kind) in [
        ("http_server_request_duration_seconds", "histogram"),
        ("process_cpu_seconds", "counter"),
        ("process_resident_memory_bytes", "gauge"),
        ("process_open_fds", "gauge"),
        ("process_max_fds", "gauge"),
        ("process_start_time_seconds", "gauge"),
    ] {
        assert_eq!(scraped.families.get(name).map(String::as_str), Some(kind), "{name}");
    }
}

async fn lookups_and_verifications_of_keys_are_counted(backend: Backend) {
    let acme = TestOrg::open_on(installation(backend).await).await;
    let monitor = Monitor::of(&acme.service.node);
    let key = acme.key().await;
    let before = lookups_of_keys(&monitor.scrape().await);
    let mut verified = 0;
    // A read that takes long on a busy machine is not cached.
    while verified < 2 || lookups_of_keys(&monitor.scrape().await)[0] == before[0] {
        assert!(verified < 100, "no lookup was a hit");
        assert_eq!(acme.verify(&key.raw).await["code"], "valid");
        verified += 1;
    }
    assert_eq!(acme.verify("sk_live_x").await["code"], "not_found");
    let scraped = monitor.scrape().await;
    let after = lookups_of_keys(&scraped);
    let [hits, misses, untrusted] = [0, 1, 2].map(|index| after[index] - before[index]);
    assert!(hits >= 1 && misses + untrusted >= 1, "{before:?} {after:?}");
    assert_eq!(hits + misses + untrusted, verified, "one lookup for each key that is well-formed");
    let code = |code| scraped.count("tessera_key_verifications_total", &[("code", code)]);
    assert_eq!((code("valid"), code("not_found")), (verified, 1));
    assert_eq!(requests(&scraped, "POST", "/api/v1/apikeys/verify", "200"), verified + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_rows_are_deleted_and_counted() {
    let acme = TestOrg::open_on(installation(Backend::Postgres).await).await;
    let old = "UPDATE events SET occurred_at = now() - interval '401 days'";
    acme.service.installation.database().execute(old).await;
    // The job runs at the start and then every minute, so either node may be the one that deletes.
    let other = acme.service.installation.start();
    let monitors = [Monitor::of(&acme.service.node), Monitor::of(&other)];
    eventually("the entries are deleted", PATIENCE, || async {
        let mut deleted = 0;
        for monitor in &monitors {
            deleted += monitor.scrape().await.count("tessera_pruned_rows_total", &[("table", "events")]);
        }
        (deleted > 0).then_some(())
    })
    .await;
}

async fn the_lag_of_a_revocation_by_another_node_is_measured(backend: Backend) {
    let acme = TestOrg::open_on(installation(backend).await).await;
    let other = acme.service.installation.start_another();
    let (here, there) = (Monitor::of(&acme.service.node), Monitor::of(&other));
    let measured = |scraped: &Exposition| scraped.count("tessera_revocation_lag_seconds_count", &[]);
    let before = measured(&there.scrape().await);
    let key = acme.key().await;
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    let scraped = eventually("the revocation is measured", PATIENCE, || async {
        let scraped = there.scrape().await;
        (measured(&scraped) > before).then_some(scraped)
    })
    .await;
    let lag = scraped.value("tessera_revocation_lag_seconds_sum", &[]);
    assert!(lag > 0.0 && lag < PATIENCE.as_secs_f64(), "{lag}");
    assert_eq!(measured(&here.scrape().await), 0, "the changes of the node itself have no lag");
}

async fn requests_are_measured_and_labels_have_nothing_of_them(backend: Backend) {
    let service = Service::on(installation(backend).await);
    let (api, monitor) = (service.api(), Monitor::of(&service.node));
    let brew = Method::from_bytes(b"BREW").unwrap_or_else(|error| panic!("{error}"));
    api.get_root("/health/live?from=client-input").await.is(200);
    api.get("/orgs/client-input").await.problem(401, "authentication_required");
    api.get("/client-input").await.problem(404, "route_not_found");
    send(api.request(brew.clone(), "/api/v1/client-input")).await.problem(404, "route_not_found");
    send(api.request(brew, "/health/live")).await.problem(405, "method_not_allowed");
    let scraped = monitor.scrape().await;
    for (method, route, status) in [
        ("GET", "/health/live", "200"),
        ("GET", "/api/v1/orgs/{orgId}", "401"),
        ("GET", "", "404"),
        ("_OTHER", "", "404"),
    ] {
        assert_eq!(requests(&scraped, method, route, status), 1, "{method} {route} {status}");
    }
    assert_eq!(requests(&scraped, "_OTHER", "/health/live", "405"), 1);
    let labels = scraped.label_values();
    assert!(!labels.iter().any(|label| label.contains("client-input") || label.contains("BREW")), "{labels:?}");
}

async fn the_number_of_series_is_bounded(backend: Backend) {
    let service = Service::on(installation(backend).await);
    let (api, monitor) = (service.api(), Monitor::of(&service.node));
    let document: Value = serde_json::from_str(&read_workspace_file("docs/openapi.json")).unwrap_or_default();
    let paths: Vec<&String> = document["paths"].as_object().into_iter().flatten().map(|(path, _)| path).collect();
    assert!(paths.len() > 40, "{paths:?}");
    let mut sent = 0;
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::TRACE] {
            drop(api.call(method, path, None).await);
            sent += 1;
        }
    }
    let scraped = monitor.scrape().await;
    assert!(scraped.len() <= 3_000, "{}", scraped.len());
    // Requests that get no series of their own are counted together.
    let counts = scraped.series("http_server_request_duration_seconds_count").map(|(_, count)| count);
    assert_eq!(counts.sum::<u64>(), sent);
    assert!(requests(&scraped, "_OTHER", "_OTHER", "405") > 0);
}

async fn each_address_has_only_its_own_paths(backend: Backend) {
    let service = Service::on(installation(backend).await);
    let (api, monitor) = (service.api(), Monitor::of(&service.node));
    api.get_root("/metrics").await.problem(404, "route_not_found");
    assert_eq!(monitor.0.get_root("/health/live").await.expecting(200)["status"], "live");
    assert_eq!(monitor.0.get_root("/health/ready").await.expecting(200)["checks"]["database"], "ok");
    for path in ["/", "/docs", "/openapi.json", "/api/v1/users/me", "/metrics/", "/metrics/x", "/health", "//metrics"] {
        monitor.0.get_root(path).await.problem(404, "route_not_found");
    }
    monitor.0.call(Method::POST, "/metrics", Some(&json!({}))).await.problem(404, "route_not_found");
    // Without the setting, there is no second line, and the public address has no metrics either.
    let service = Service::start(backend).await;
    service.api().get_root("/metrics").await.problem(404, "route_not_found");
}

async fn an_invalid_address_for_metrics_prevents_the_start(backend: Backend) {
    for value in ["nowhere", "9464", "localhost:9464", "127.0.0.1"] {
        let said = Installation::empty(backend).await.set(LISTEN, value).refuses_to_start().await;
        assert!(said.contains("TESSERA_METRICS_LISTEN: must be an IP address and a port"), "{said}");
    }
    let service = Service::start(backend).await;
    let taken = service.node.authority().to_owned();
    let said = Installation::empty(backend).await.set(LISTEN, &taken).refuses_to_start().await;
    assert!(said.contains(&format!("can't listen on {taken} (TESSERA_METRICS_LISTEN)")), "{said}");
}

async fn the_node_ends_while_a_collector_is_connected(backend: Backend) {
    let mut service = Service::on(installation(backend).await);
    let url = service.node.read_metrics_url();
    let _collector = connect(url.trim_start_matches("http://")).await;
    service.node.terminate();
    let ended = service.node.wait(PATIENCE).await;
    assert!(ended.success(), "{}", service.node.log());
}

async fn health_checks_for_monitoring_follow_the_service(_: Backend) {
    let installation = Installation::empty(Backend::Postgres).await.set(LISTEN, "127.0.0.1:0");
    let installation = installation.set("TESSERA_DATABASE_URL", "postgres://postgres@127.0.0.1:1/none");
    let starting = installation.spawn();
    let address = eventually("the address is logged", PATIENCE, || {
        let log = starting.log();
        let after = log.split_once("metrics and health checks are at ").map(|(_, after)| after.to_owned());
        std::future::ready(after.and_then(|after| after.split(['"', '\n', ' ']).next().map(str::to_owned)))
    })
    .await;
    let monitor = Monitor(Api::new(&address));
    monitor.0.get_root("/health/live").await.is(200);
    monitor.0.get_root("/health/ready").await.problem(503, "not_ready");
    assert_eq!(lookups_of_keys(&monitor.scrape().await), [0, 0, 0]);
    assert_eq!(starting.stops_early().await.code(), Some(0));
}
