//! Logs: one event per line, without secrets.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_adapters::SqlStore;
use tessera_identity::ports::IdentityTransaction;
use tessera_tests::{
    api::{BASE, send},
    database::Backend,
    on_sqlite,
    process::{Installation, MASTER_KEY},
    sso::query,
    test_org::{PASSWORD, TestOrg},
};

use crate::storage;

on_sqlite! {
    logs_contain_no_secrets_s196
    every_log_event_is_one_line_of_valid_json_s197
    a_failed_sign_in_start_is_logged_with_its_cause_and_request_id
}

async fn logs_contain_no_secrets_s196(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_LOG", "debug");
    let acme = TestOrg::open_on(installation).await;
    let key = acme.key().await.raw;
    let item = json!({"sku": "s", "metadata": {"m": "custom-value-17"}});
    acme.api().key(&key).post(&acme.inventory(), &item).await.is(201);
    acme.verify(&key).await;
    acme.api().get(&format!("/users/me?token={}", acme.owner.token)).await.is(401);
    acme.api().bearer("wrong-token-4711").get("/users/me").await.is(401);
    acme.api().get_root("/nothing/secret-path-99").await.is(404);
    let log = acme.service.node.log();
    assert!(log.contains("/api/v1/apikeys/verify"), "{log}");
    let signature = acme.owner.token.rsplit('.').next().unwrap_or_default();
    let sent = [PASSWORD, MASTER_KEY, "custom-value-17", "wrong-token-4711", "secret-path-99", "$argon2"];
    for secret in sent.into_iter().chain([&key[8..], &acme.owner.token, signature]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

async fn every_log_event_is_one_line_of_valid_json_s197(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for path in ["/x%0a%7b%22level%22:%22ERROR%22%7d", "/x%0d%0ay", "/%1b[31m", "/api/v1/orgs/%22%2c%22"] {
        let answer = acme.owner.get_root(path).await;
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text());
    }
    let request = acme.owner.request(Method::GET, "/nothing").header("X-Request-Id", "a\"}{\"level\":\"ERROR\"");
    send(request.header("User-Agent", "x\t\"y")).await.is(404);
    let log = acme.service.node.log();
    assert!(log.lines().count() > 5, "{log}");
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        // The start logs only warnings, so an error could only be forged by a request.
        let stable = ["timestamp", "level", "target", "message", "request_id", "trace_id"];
        assert!(event["level"] != "ERROR" && stable.iter().all(|name| event.get(name).is_some()), "{line}");
        if event["message"] == "request" {
            let of_request = ["method", "route", "status", "microseconds"];
            assert!(
                event["request_id"].is_string() && of_request.iter().all(|name| event.get(name).is_some()),
                "{line}"
            );
        }
    }
}

/// Makes every write fail until the value is dropped. On SQLite, another transaction holds the only writer; on
/// PostgreSQL, the database is unavailable.
async fn no_writes(acme: &TestOrg, backend: Backend) -> Option<(Box<dyn IdentityTransaction>, SqlStore)> {
    let installation = &acme.service.installation;
    match backend {
        Backend::Sqlite => {
            let store = storage::open(installation).await;
            Some((storage::hold_writer(&store).await, store))
        }
        Backend::Postgres => {
            installation.database().take_away().await;
            None
        }
    }
}

async fn a_failed_sign_in_start_is_logged_with_its_cause_and_request_id(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("{BASE}/sso/web3/initiate{}", query(&acme).await);
    let _held = no_writes(&acme, backend).await;
    let page = send(acme.api().request(Method::GET, &path).header("Accept", "text/html")).await;
    page.is(503);
    let id = page.header("x-request-id").unwrap_or_else(|| panic!("no request id"));
    assert!(page.text().contains(id), "{}", page.text());
    let log = acme.service.node.log();
    let events =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    let told: Vec<Value> = events.filter(|event| event["request_id"] == id).collect();
    let causes: Vec<&str> = told.iter().filter_map(|event| event["cause"].as_str()).collect();
    assert!(matches!(causes[..], [cause] if !cause.is_empty()), "{told:?}");
    assert!(!page.text().contains(causes[0]), "{}", page.text());
}
