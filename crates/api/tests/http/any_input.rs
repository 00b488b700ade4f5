//! Input of any kind is rejected or understood, and never makes the service fail. `scripts/fuzz` searches for input that
//! breaks this; the seeds of that search run here.

use std::{fs, path::Path};

use actix_web::http::{header::CONTENT_TYPE, uri::PathAndQuery};
use tessera_apikeys::model::RawKey;
use tessera_identity::model::SiweMessage;
use tessera_testkit::expectations::ok;

use crate::support::{TestApp, WithCredentials, get, post};

/// Text parsed as an API key is rejected, or the key has the same text.
pub(crate) fn api_key(text: &str) {
    if let Ok(key) = text.parse::<RawKey>() {
        assert_eq!(key.expose(), text);
        assert!(RawKey::has_prefix(text) && text.len() == 4 + 43 + 6);
    }
}

/// Text parsed as a sign-in message (ERC-4361) is rejected, or its formatted message has the same content.
pub(crate) fn sign_in_message(text: &str) {
    if let Ok(message) = text.parse::<SiweMessage>() {
        let written = message.to_string();
        let again: SiweMessage = ok(written.parse());
        assert_eq!(again.to_string(), written);
    }
}

/// Any query of a list returns the list or a problem.
pub(crate) async fn query(app: &TestApp, query: &str) {
    let path = format!("/orgs/{}/members?{query}", app.organization);
    if path.parse::<PathAndQuery>().is_ok() {
        send(app, get(&path)).await;
    }
}

/// Any body of the operations with the most fields results in a response or a problem.
pub(crate) async fn body(app: &TestApp, body: &[u8]) {
    for path in [
        &format!("/apps/{}/inventory", app.application),
        &format!("/apps/{}/apikeys", app.application),
        &format!("/orgs/{}/apps", app.organization),
        "/apikeys/verify",
    ] {
        send(app, post(path).insert_header((CONTENT_TYPE, "application/json")).set_payload(body.to_vec())).await;
    }
}

async fn send(app: &TestApp, request: actix_web::test::TestRequest) {
    let answer = app.server.send(request.bearer(&app.token)).await;
    let status = answer.status.as_u16();
    assert!(status < 500, "{status}: {}", String::from_utf8_lossy(&answer.body));
    if status >= 400 {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert!(problem["code"].is_string() && problem["request_id"].is_string());
    }
}

/// The seeds of a target, and everything that they begin with.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let files = ok(fs::read_dir(directory)).map(|file| ok(fs::read(ok(file).path())));
    files.flat_map(|seed| (0..=seed.len()).map(move |end| seed[..end].to_vec())).collect()
}

fn texts(target: &str) -> Vec<String> {
    seeds(target).into_iter().map(|seed| ok(String::from_utf8(seed))).collect()
}

#[test]
fn the_seeds_of_keys_and_messages_are_understood_or_rejected() {
    let keys = texts("api_key");
    for text in &keys {
        api_key(text);
    }
    assert!(keys.iter().any(|text| text.parse::<RawKey>().is_ok()));
    let messages = texts("siwe");
    for text in &messages {
        sign_in_message(text);
    }
    assert!(messages.iter().any(|text| text.parse::<SiweMessage>().is_ok()));
}

#[actix_web::test]
async fn the_seeds_of_queries_and_bodies_result_in_responses_or_problems() {
    let app = TestApp::new().await;
    for seed in texts("cursor") {
        query(&app, &seed).await;
    }
    for seed in seeds("json_body") {
        body(&app, &seed).await;
    }
}
