//! The headers of every response.

use actix_web::test::TestRequest;
use serde_json::json;
use tessera_testkit::fakes::MemoryStore;

use crate::support::{TestReadiness, TestServer, get, post};

fn live() -> TestRequest {
    TestRequest::get().uri("/health/live")
}

#[actix_web::test]
async fn a_valid_request_id_is_returned() {
    let server = TestServer::new();
    for id in ["a", "7b3a.x_y-z:1/2", &"x".repeat(128)] {
        let answer = server.send(live().insert_header(("X-Request-Id", id))).await;
        assert_eq!(answer.header("x-request-id"), Some(id));
        let answer = server.send(get("/users/me").insert_header(("X-Request-Id", id))).await;
        assert_eq!(answer.problem(401, "authentication_required")["request_id"], id);
    }
}

#[actix_web::test]
async fn any_other_is_replaced_by_a_new_one() {
    let server = TestServer::new();
    let long = "x".repeat(129);
    for id in ["", "a b", "ä", "<script>", long.as_str()] {
        let answer = server.send(live().insert_header(("X-Request-Id", id))).await;
        let made = answer.header("x-request-id").unwrap_or_default().to_owned();
        assert!(made.len() == 36 && made.as_bytes()[14] == b'7', "{made}");
    }
    let twice = live().append_header(("X-Request-Id", "a")).append_header(("X-Request-Id", "b"));
    assert_ne!(server.send(twice).await.header("x-request-id"), Some("a"));
    let (one, other) = (server.send(live()).await, server.send(live()).await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[actix_web::test]
async fn answers_say_how_browsers_are_to_treat_them() {
    let server = TestServer::new();
    for request in [live(), get("/users/me"), get("/nothing"), TestRequest::post().uri("/api/v1/auth/login")] {
        let answer = server.send(request).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
        assert_eq!(answer.header("strict-transport-security"), None);
    }
}

#[actix_web::test]
async fn a_service_behind_tls_says_so() {
    let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, "https://accounts.example.com/");
    let answer = server.send(live()).await;
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
}

#[actix_web::test]
async fn json_is_called_json() {
    let answer = TestServer::new().send(live()).await;
    assert_eq!(answer.expecting(200)["status"], "live");
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[actix_web::test]
async fn readiness_goes_with_what_it_needs_and_with_the_process() {
    let ready = || TestRequest::get().uri("/health/ready");
    let server = TestServer::new();
    let checks = json!({"database": "ok", "clock": "ok", "disk": "ok"});
    assert_eq!(server.send(ready()).await.expecting(200), json!({"status": "ready", "checks": checks}));
    server.drain();
    server.send(ready()).await.problem(503, "not_ready");
    server.send(live()).await.expecting(200);
    let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Busy, "http://localhost:8080");
    let problem = server.send(ready()).await.problem(503, "not_ready");
    assert_eq!(problem["detail"], "the database is busy");
    assert_eq!(problem["checks"], json!({"database": "failed", "clock": "unknown", "disk": "ok"}));
}

#[actix_web::test]
async fn a_service_that_is_not_open_yet_lives_and_serves_nothing() {
    let server = TestServer::new();
    assert_eq!(server.send_early(live()).await.expecting(200)["status"], "live");
    let ready = server.send_early(TestRequest::get().uri("/health/ready")).await;
    ready.problem(503, "not_ready");
    for request in [get("/users/me"), get("/nothing"), TestRequest::post().uri("/health/live"), post("/auth/login")] {
        let answer = server.send_early(request).await;
        answer.problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
