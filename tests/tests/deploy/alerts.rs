//! The alerts of Prometheus.

use std::collections::BTreeSet;

use serde_json::json;
use tessera_tests::{
    api::Api, database::Backend, openmetrics::Exposition, process::Installation, read_workspace_file, test_org::Service,
};

use super::run;

const RULES: &str = "deploy/prometheus-rules.yaml";

const TESTS: &str = "tests/deploy/alerts.yaml";

/// The values of a key in a YAML file, each on one line.
fn values(file: &str, key: &str) -> Vec<String> {
    let text = read_workspace_file(file);
    let lines = text.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix(key));
    lines.map(|value| value.trim().to_owned()).collect()
}

#[test]
fn each_alert_fires_as_its_test_says() {
    run("promtool", &["check", "rules", RULES]);
    run("promtool", &["test", "rules", TESTS]);
}

#[test]
fn each_alert_has_a_test_and_says_what_to_do() {
    let alerts = values(RULES, "alert:");
    assert!((1..=10).contains(&alerts.len()), "{alerts:?}");
    assert_eq!(values(RULES, "runbook:"), vec!["docs/operations.md#alerts"; alerts.len()]);
    let operations = read_workspace_file("docs/operations.md");
    let section = operations.split_once("\n## Alerts\n").and_then(|(_, rest)| rest.split("\n## ").next());
    let section = section.unwrap_or_default();
    let documented: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| `Tessera")?.split('`').next()).collect();
    let names: Vec<&str> = alerts.iter().filter_map(|alert| alert.strip_prefix("Tessera")).collect();
    assert_eq!(names, documented);
    let tested: BTreeSet<String> = values(TESTS, "alertname:").into_iter().collect();
    assert_eq!(tested, alerts.into_iter().collect());
}

/// What a node returns after two requests.
async fn scrape() -> Exposition {
    let service = Service::on(Installation::new(Backend::Sqlite).await.set("TESSERA_METRICS_LISTEN", "127.0.0.1:0"));
    service.api().get_root("/health/live").await.is(200);
    service.api().post("/apikeys/verify", &json!({"key": "unknown"})).await.is(200);
    service.api().post("/auth/login", &json!({"email": "a@example.com", "password": "wrong"})).await.is(401);
    Exposition::read(&Api::new(&service.node.read_metrics_url()).get_root("/metrics").await.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_metric_of_an_alert_exists() {
    let scraped = scrape().await;
    let names: BTreeSet<&str> = scraped.samples().map(|(name, _)| name).collect();
    let rules = read_workspace_file(RULES);
    let words = rules.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let used: BTreeSet<&str> = words
        .filter(|word| ["http_server_", "process_", "tessera_"].iter().any(|start| word.starts_with(start)))
        .collect();
    assert!(used.len() >= 9, "{used:?}");
    assert!(used.is_subset(&names), "{used:?}");
}

/// The labels of a series in the notation of Prometheus that a node sets: those of the target are left out.
fn labels(text: &str) -> Vec<(&str, &str)> {
    let labels = text.trim_end_matches('}').split(", ").filter_map(|label| label.split_once('='));
    let labels = labels.map(|(name, value)| (name, value.trim_matches('"'))).filter(|(name, _)| *name != "instance");
    // Prometheus renames it, because the target has a label with this name.
    labels.map(|(name, value)| (if name == "exported_job" { "job" } else { name }, value)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_series_of_the_tests_exist() {
    let scraped = scrape().await;
    let series = values(TESTS, "series:");
    // Prometheus itself sets `up`.
    for text in series.iter().filter(|text| !text.starts_with("up{")) {
        let (name, rest) = text.split_once('{').unwrap_or_else(|| panic!("no labels: {text}"));
        let exists = scraped.samples().filter(|(known, _)| *known == name).any(|(_, known)| {
            // No node has failed here.
            let is_known = |(name, value): &(&str, &str)| {
                known.get(*name).is_some_and(|known| known == value || *name == "http_response_status_code")
            };
            labels(rest).len() == known.len() && labels(rest).iter().all(is_known)
        });
        assert!(exists, "no series like {text}");
    }
}
