//! The names and labels of all metrics, and that requests add nothing to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, send},
    collector::Collector,
    database::Backend,
    eventually, on_both, on_sqlite,
    openmetrics::Exposition,
    read_workspace_file,
    test_org::{Service, TestOrg},
};

use super::metrics::{Monitor, installation};

/// The metrics that operators rely on, with the names of their labels.
const CONTRACT: [(&str, &[&str]); 31] = [
    ("http_server_request_duration_seconds", &["http_request_method", "http_response_status_code", "http_route"]),
    ("http_server_active_requests", &[]),
    ("tessera_audit_events", &["name", "outcome"]),
    ("tessera_key_verifications", &["code"]),
    ("tessera_cache_lookups", &["cache", "outcome"]),
    ("tessera_revocation_lag_seconds", &[]),
    ("tessera_password_hash_seconds", &[]),
    ("tessera_password_hash_waiting", &[]),
    ("tessera_password_hash_rejected", &["reason"]),
    ("tessera_database_connections", &["pool", "state"]),
    ("tessera_database_wait_seconds", &["pool"]),
    ("tessera_database_errors", &["kind"]),
    ("tessera_mails", &["outcome"]),
    ("tessera_mails_waiting", &[]),
    ("tessera_mail_oldest_seconds", &[]),
    ("tessera_job_runs", &["job", "outcome"]),
    ("tessera_job_last_success_timestamp_seconds", &["job"]),
    ("tessera_pruned_rows", &["table"]),
    ("tessera_rate_limited", &["limit"]),
    ("tessera_signing_key_age_seconds", &[]),
    ("tessera_backup_last_success_timestamp_seconds", &[]),
    ("tessera_build", &["database", "version"]),
    ("process_cpu_seconds", &[]),
    ("process_resident_memory_bytes", &[]),
    ("process_open_fds", &[]),
    ("process_max_fds", &[]),
    ("process_start_time_seconds", &[]),
    // Labels whose values are closed, with one of them.
    ("tessera_database_errors=unavailable", &["kind"]),
    ("tessera_mails=expired", &["outcome"]),
    ("tessera_password_hash_rejected=timeout", &["reason"]),
    ("tessera_rate_limited=sign-in", &["limit"]),
];

on_both! {
    every_metric_of_the_contract_exists_from_the_start_and_no_other
    committed_entries_jobs_mails_and_hashes_are_counted
}

on_sqlite! {
    random_requests_create_no_series
    a_secret_is_in_no_log_line_metric_or_span
}

/// The name of the family of a sample.
fn family<'a>(scraped: &'a Exposition, sample: &str) -> Option<&'a str> {
    let suffixes = ["", "_total", "_info", "_bucket", "_sum", "_count"];
    let names = suffixes.iter().filter_map(|suffix| sample.strip_suffix(suffix));
    names.filter_map(|name| scraped.families.get_key_value(name)).map(|(name, _)| name.as_str()).next()
}

async fn every_metric_of_the_contract_exists_from_the_start_and_no_other(backend: Backend) {
    let service = Service::on(installation(backend).await);
    service.api().get_root("/health/live").await.is(200);
    let scraped = Monitor::of(&service.node).scrape().await;
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, labels) in scraped.samples() {
        let family = family(&scraped, name).unwrap_or_else(|| panic!("{name} has no family"));
        let labels = labels.keys().map(String::as_str).filter(|label| *label != "le");
        found.entry(family).or_default().extend(labels);
    }
    let expected: BTreeMap<&str, BTreeSet<&str>> = CONTRACT
        .iter()
        .filter(|(name, _)| !name.contains('='))
        .map(|(name, labels)| (*name, labels.iter().copied().collect()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(scraped.families.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected.into_keys().collect());
    for (name, labels) in CONTRACT {
        let Some((family, value)) = name.split_once('=') else { continue };
        assert_eq!(scraped.count(&format!("{family}_total"), &[(labels[0], value)]), 0, "{name}");
    }
    assert!(scraped.len() < 3_000, "{}", scraped.len());
    // The names of the audit entries are those that the page for operators lists.
    let page = read_workspace_file("docs/operations.md");
    let audited: BTreeSet<&str> =
        scraped.series("tessera_audit_events_total").map(|(labels, _)| &*labels["name"]).collect();
    assert!(audited.len() > 60 && audited.iter().all(|name| page.contains(&format!("`{name}`"))), "{audited:?}");
    for (family, kind) in &scraped.families {
        let shown = if kind == "counter" { format!("{family}_total") } else { family.clone() };
        assert!(page.contains(&format!("`{shown}")), "{shown} is not documented");
    }
}

async fn committed_entries_jobs_mails_and_hashes_are_counted(backend: Backend) {
    let acme = TestOrg::open_on(installation(backend).await).await;
    let monitor = Monitor::of(&acme.service.node);
    acme.service.api().post("/auth/login", &json!({"email": acme.owner.email, "password": "wrong"})).await.is(401);
    let slug = json!({"name": "again", "slug": "taken-slug"});
    acme.owner.post("/orgs", &slug).await.is(201);
    let audited = |scraped: &Exposition, name, outcome| {
        scraped.count("tessera_audit_events_total", &[("name", name), ("outcome", outcome)])
    };
    let created = audited(&monitor.scrape().await, "organization.created", "success");
    acme.owner.post("/orgs", &slug).await.is(409);
    let scraped = monitor.scrape().await;
    assert_eq!(audited(&scraped, "organization.created", "success"), created, "a rolled-back entry was counted");
    assert_eq!(audited(&scraped, "session.refused", "refused"), 1);
    assert!(scraped.count("tessera_password_hash_seconds_count", &[]) >= 1);
    assert_eq!(scraped.count("tessera_password_hash_waiting", &[]), 0);
    assert!(scraped.count("tessera_signing_key_age_seconds", &[]) < 3_600);
    let waits = scraped.series("tessera_database_wait_seconds_count").map(|(_, count)| count);
    assert!(waits.sum::<u64>() > 0);
    let connections = scraped.series("tessera_database_connections").map(|(_, count)| count);
    assert!(connections.sum::<u64>() > 0);
    acme.owner
        .post(&format!("/orgs/{}/invitations", acme.org), &json!({"email": "a@example.com", "role": "member"}))
        .await
        .is(201);
    let patience = Duration::from_secs(30);
    let delivered = eventually("the mail is counted", patience, || async {
        let scraped = monitor.scrape().await;
        let job = [("job", "delivery_of_mails"), ("outcome", "success")];
        (scraped.count("tessera_mails_total", &[("outcome", "delivered")]) > 0)
            .then(|| scraped.count("tessera_job_runs_total", &job))
    })
    .await;
    assert!(delivered > 0, "no run of the job was counted");
    let scraped = monitor.scrape().await;
    let last = scraped.count("tessera_job_last_success_timestamp_seconds", &[("job", "delivery_of_mails")]);
    assert!(last > 1_700_000_000, "{last}");
}

/// How many requests the test of series sends.
#[expect(clippy::disallowed_methods, reason = "the length of the run is set for the test")]
fn requests_to_send() -> usize {
    std::env::var("TEST_METRIC_REQUESTS").ok().and_then(|text| text.parse().ok()).unwrap_or(600)
}

/// Digits that look random and are the same in each run.
fn digits(number: usize) -> u64 {
    (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// Sends the request with this number: each hundred has all combinations of a method and a kind of path.
async fn send_random(api: &Api, number: usize) {
    let methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"];
    let random = digits(number);
    let own = format!("M{random:x}");
    let is_unknown = number % 100 >= 90;
    let method = if is_unknown { own.as_str() } else { methods[number % methods.len()] };
    let path = match if is_unknown { number % 4 } else { number / methods.len() % 4 } {
        0 => format!("/{random:x}"),
        1 => format!("/api/v1/{random:x}/x?key={random}"),
        2 => format!("/api/v1/orgs/{}", uuid(random)),
        _ => "/api/v1/apikeys/verify".to_owned(),
    };
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let request = api.request(method, &path).header("X-Forwarded-For", format!("2001:db8::{:x}", random & 0xffff));
    let request =
        request.header("X-API-Key", format!("sk_live_{random:x}")).header("X-Request-Id", format!("{random:x}"));
    let answer = send(request.json(&json!({"key": format!("sk_live_{random:x}")}))).await;
    assert!(answer.status < 500, "{number}: {}", answer.text());
}

fn uuid(random: u64) -> String {
    format!("{:08x}-0000-7000-8000-{:012x}", random >> 32, random & 0xffff_ffff)
}

async fn random_requests_create_no_series(backend: Backend) {
    let installation = installation(backend).await.set("TESSERA_TRUSTED_PROXIES", "127.0.0.0/8");
    let service = Service::on(installation);
    let (api, monitor) = (service.api(), Monitor::of(&service.node));
    for number in 0..100 {
        send_random(&api, number).await;
    }
    let series = |scraped: &Exposition| -> BTreeSet<String> {
        scraped.samples().map(|(name, labels)| format!("{name} {labels:?}")).collect()
    };
    let before = series(&monitor.scrape().await);
    for number in 100..requests_to_send() {
        send_random(&api, number).await;
    }
    let scraped = monitor.scrape().await;
    assert_eq!(series(&scraped).difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    let counts = scraped.series("http_server_request_duration_seconds_count").map(|(_, count)| count);
    assert_eq!(counts.sum::<u64>(), requests_to_send() as u64);
}

/// A text that no log line, metric or span may contain.
const MARKER: &str = "marker-secret-4711";

/// The bodies of all operations, with the marker in each field that takes a text.
fn bodies() -> Vec<(Method, String, Value)> {
    let document: Value = serde_json::from_str(&read_workspace_file("docs/openapi.json")).unwrap_or_default();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            let content = &operation["requestBody"]["content"]["application/json"];
            let name =
                content["schema"]["$ref"].as_str().and_then(|schema| schema.rsplit('/').next()).unwrap_or_default();
            let fields = document["components"]["schemas"][name]["properties"].as_object();
            let is_text = |schema: &Value| schema["type"].to_string().contains("string");
            let texts = fields.into_iter().flatten().filter(|(_, schema)| is_text(schema));
            let body = texts.map(|(field, _)| (field.clone(), json!(MARKER))).collect();
            all.push((method, path.clone(), body));
        }
    }
    all
}

async fn a_secret_is_in_no_log_line_metric_or_span(backend: Backend) {
    let collector = Collector::start().await;
    let installation = collector.traces(installation(backend).await);
    let installation = installation.set("TESSERA_LOG", "debug,actix_http=off,webauthn_rs=off");
    let mut acme = TestOrg::open_on(installation).await;
    let api = acme.service.api();
    let register = json!({"email": "marked@example.com", "password": MARKER});
    assert!(api.post("/auth/register", &register).await.status < 500);
    api.post("/auth/login", &json!({"email": acme.owner.email, "password": MARKER})).await.is(401);
    let headers =
        ["Authorization", "X-API-Key", "Cookie", "User-Agent", "Referer", "Origin", "Idempotency-Key", "If-Match"];
    let others = ["X-Forwarded-For", "traceparent", "tracestate", "Accept", "Accept-Language", "X-Org-Id", "Forwarded"];
    let operations = bodies();
    assert!(operations.len() > 60, "{}", operations.len());
    for (method, path, body) in operations {
        let path = path.replace("{orgId}", &acme.org).replace("{appId}", &acme.app);
        // With a credential, so that the body is read, and with the marker as the credential.
        for credential in [Some(&acme.owner.token), None] {
            let mut request = api.request(method.clone(), &format!("{path}?token={MARKER}")).json(&body);
            for header in
                headers.iter().chain(&others).filter(|header| credential.is_none() || **header != "Authorization")
            {
                request = request.header(*header, MARKER);
            }
            // The log has the well-formed request id of a client, so that it can be searched.
            request = request.header("X-Request-Id", format!("\"{MARKER}\""));
            let request = match credential {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let answer = send(request).await;
            assert!(answer.status < 500, "{method} {path}: {}", answer.text());
        }
    }
    let log = acme.service.node.log();
    let leaked: Vec<&str> = log.lines().filter(|line| line.contains(MARKER)).collect();
    assert_eq!(leaked, Vec::<&str>::new());
    let scraped = Monitor::of(&acme.service.node).scrape().await;
    assert!(!scraped.label_values().iter().any(|label| label.contains(MARKER)));
    // All spans are exported before the end.
    acme.service.node.terminate();
    assert_eq!(acme.service.node.wait(Duration::from_secs(15)).await.code(), Some(0));
    assert!(collector.spans().len() > 120, "{}", collector.spans().len());
    assert!(!collector.has(MARKER), "a span contains the secret");
}
