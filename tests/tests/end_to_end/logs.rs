//! Logs: one event a line, and no secret in any.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::send,
    database::Backend,
    on_both,
    process::{Installation, MASTER_KEY},
    studio::{PASSWORD, Studio},
};

on_both! {
    s196_log_redact
    s197_log_inject
}

async fn s196_log_redact(backend: Backend) {
    let installation =
        Installation::new(backend).await.set("TESSERA_LOG", "debug").set("TESSERA_MASTER_KEY", MASTER_KEY);
    let studio = Studio::open_on(installation).await;
    let key = studio.key().await.raw;
    let item = json!({"sku": "s", "metadata": {"m": "custom-value-17"}});
    studio.api().key(&key).post(&studio.inventory(), &item).await.is(201);
    studio.verify(&key).await;
    studio.api().get(&format!("/users/me?token={}", studio.owner.token)).await.is(401);
    studio.api().bearer("wrong-token-4711").get("/users/me").await.is(401);
    studio.api().get_root("/nothing/secret-path-99").await.is(404);
    let log = studio.service.node.log();
    assert!(log.contains("/api/v1/apikeys/verify"), "{log}");
    let signature = studio.owner.token.rsplit('.').next().unwrap_or_default();
    let sent = [PASSWORD, MASTER_KEY, "custom-value-17", "wrong-token-4711", "secret-path-99", "$argon2"];
    for secret in sent.into_iter().chain([&key[8..], &studio.owner.token, signature]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

async fn s197_log_inject(backend: Backend) {
    let studio = Studio::open(backend).await;
    for path in ["/x%0a%7b%22level%22:%22ERROR%22%7d", "/x%0d%0ay", "/%1b[31m", "/api/v1/orgs/%22%2c%22"] {
        let answer = studio.owner.get_root(path).await;
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text());
    }
    let request = studio.owner.request(Method::GET, "/nothing").header("X-Request-Id", "a\"}{\"level\":\"ERROR\"");
    send(request.header("User-Agent", "x\t\"y")).await.is(404);
    let log = studio.service.node.log();
    assert!(log.lines().count() > 5, "{log}");
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        // What is told at the start is a warning; an error would be one that a request had made up.
        assert!(event["level"] != "ERROR" && event["fields"].is_object(), "{line}");
    }
}
