//! Reports of leaked keys.

use std::sync::Arc;

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use tessera_kernel::RateLimit;

use crate::{
    full_limits::FullLimits,
    support::{TestServer, post},
};

/// A server with a key of an application.
async fn with_key() -> (TestServer, String) {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let organization = server.create_org(&token).await;
    let application = server.launch(&token, &organization).await;
    let key = server.key(&token, &application).await;
    (server, key)
}

fn leaked(body: &Value) -> TestRequest {
    post("/apikeys/leaked").set_json(body)
}

async fn code(server: &TestServer, key: &str) -> Value {
    server.send(post("/apikeys/verify").set_json(json!({ "key": key }))).await.expecting(200)["code"].clone()
}

#[actix_web::test]
async fn a_report_is_accepted_and_says_nothing_about_the_keys() {
    let (server, key) = with_key().await;
    let unknown = "ask_00000000000000000000000000000000000000000002CZclj";
    let mut answers = Vec::new();
    for keys in [json!([key]), json!([key]), json!([unknown]), json!(["nonsense"]), json!(["", key, unknown])] {
        let body = json!({ "keys": keys, "source": "Scanner", "url": "https://example.com/a" });
        let answer = server.send(leaked(&body)).await;
        assert_eq!(answer.expecting(202), json!({}));
        answers.push((answer.body.clone(), answer.header("content-type").map(str::to_owned), answer.headers.len()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(code(&server, &key).await, "revoked");
}

#[actix_web::test]
async fn every_fault_of_a_report_is_named() {
    let (server, key) = with_key().await;
    let long = "x".repeat(101);
    let many = vec!["ask_x"; 101];
    for (body, faults) in [
        (json!({}), json!([["/keys", "required"]])),
        (json!({ "keys": null }), json!([["/keys", "invalid_type"]])),
        (json!({ "keys": key }), json!([["/keys", "invalid_type"]])),
        (json!({ "keys": [] }), json!([["/keys", "too_short"]])),
        (json!({ "keys": many }), json!([["/keys", "too_long"]])),
        (
            json!({ "keys": [key, 1, null], "source": long, "url": "ftp://example.com" }),
            json!([
                ["/keys/1", "invalid_type"],
                ["/keys/2", "invalid_type"],
                ["/source", "too_long"],
                ["/url", "invalid_format"]
            ]),
        ),
        (
            json!({ "keys": [key], "source": "", "url": format!("https://example.com/{}", "x".repeat(1981)) }),
            json!([["/source", "too_short"], ["/url", "too_long"]]),
        ),
        (
            json!({ "keys": [key], "source": 1, "url": {} }),
            json!([["/source", "invalid_type"], ["/url", "invalid_type"]]),
        ),
    ] {
        let problem = server.send(leaked(&body)).await.problem(400, "invalid_body");
        let errors = problem["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<_> = errors.iter().map(|error| json!([error["pointer"], error["code"]])).collect();
        assert_eq!(json!(found), faults, "{problem}");
    }
    // Nothing in an invalid body has an effect.
    assert_eq!(code(&server, &key).await, "valid");
}

#[actix_web::test]
async fn source_and_url_may_be_absent_or_null() {
    let (server, key) = with_key().await;
    server.send(leaked(&json!({ "keys": [key], "source": null, "url": null }))).await.expecting(202);
    assert_eq!(code(&server, &key).await, "revoked");
    server.send(leaked(&json!({ "keys": vec![key; 100] }))).await.expecting(202);
}

#[actix_web::test]
async fn reports_are_limited_by_network() {
    let (mut server, key) = with_key().await;
    let full = Arc::new(FullLimits::default());
    server.services_mut().node_limits = full.clone();
    let request = leaked(&json!({ "keys": [key] })).peer_addr(([192, 0, 2, 9], 4711).into());
    let answer = server.send(request).await;
    assert_eq!(answer.problem(429, "rate_limited")["limit"], "leak-report");
    assert_eq!(answer.header("retry-after"), Some("17"));
    let expected = RateLimit::new("leak-report", 60, 60);
    let asked = full.asked();
    assert_eq!(asked, [(expected, "192.0.2.9".to_owned())]);
    assert_eq!(code(&server, &key).await, "valid");
}
