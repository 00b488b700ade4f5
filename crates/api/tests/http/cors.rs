//! Cross-origin resource sharing.

use actix_web::{
    http::{Method, header::HeaderName},
    test::TestRequest,
};
use serde_json::json;
use tessera_api::CorsOrigins;
use tessera_testkit::fakes::MemoryStore;

use crate::support::{Answer, TestReadiness, TestServer, WithCredentials, get, post};

const APP: &str = "https://app.example.com";
const EXPOSED: &str =
    "ETag, Link, Location, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy, Idempotent-Replayed";

/// A server whose API two origins may call.
fn listed() -> TestServer {
    TestServer::new().shared_with(CorsOrigins::Listed(vec![APP.to_owned(), "http://localhost:5173".to_owned()]))
}

fn of(origin: &str, request: TestRequest) -> TestRequest {
    request.insert_header(("Origin", origin))
}

/// A request that a browser sends before one with a token and a JSON body.
fn preflight(origin: &str, path: &str) -> TestRequest {
    let request = TestRequest::with_uri(path).method(Method::OPTIONS);
    of(origin, request)
        .insert_header(("Access-Control-Request-Method", "PUT"))
        .insert_header(("Access-Control-Request-Headers", "authorization,content-type"))
}

#[track_caller]
fn shares_nothing(answer: &Answer) {
    let names: Vec<&str> = answer.headers.keys().map(HeaderName::as_str).collect();
    assert!(names.iter().all(|name| !name.starts_with("access-control-")), "{names:?}");
}

/// The response names the origin, exposes its headers, and differs for other origins.
#[track_caller]
fn shared_with(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{:?}", answer.headers);
    assert_eq!(answer.header("access-control-expose-headers"), Some(EXPOSED));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert!(varies(answer, "Origin"), "{:?}", answer.headers);
}

fn varies(answer: &Answer, name: &str) -> bool {
    answer.headers.get_all("vary").any(|value| value == name)
}

#[actix_web::test]
async fn no_other_origin_may_call_the_api_by_default_s119() {
    let server = TestServer::new();
    for origin in [APP, "null", "http://localhost:8080"] {
        let answer = server.send(of(origin, get("/users/me"))).await;
        shares_nothing(&answer);
        assert!(!varies(&answer, "Origin"));
        let refused = server.send(preflight(origin, "/api/v1/users/me")).await;
        refused.problem(405, "method_not_allowed");
        shares_nothing(&refused);
    }
}

#[actix_web::test]
async fn a_listed_origin_may_call_the_api_without_credentials_s119() {
    let server = listed();
    let token = server.sign_up("ada").await;
    for origin in [APP, "http://localhost:5173"] {
        let answer = server.send(of(origin, get("/users/me")).bearer(&token)).await;
        answer.expecting(200);
        shared_with(&answer, origin);
    }
}

#[actix_web::test]
async fn an_origin_must_match_exactly_s119() {
    let server = listed();
    for origin in [
        "null",
        "*",
        "https://app.example.com.evil.example",
        "https://evil.example",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "https://app.example.com/",
        "https://sub.app.example.com",
    ] {
        let answer = server.send(of(origin, get("/users/me"))).await;
        shares_nothing(&answer);
        assert!(varies(&answer, "Origin"), "{origin}");
        shares_nothing(&server.send(preflight(origin, "/api/v1/users/me")).await);
    }
    // A cache may store this response, and must not return it to a page of a listed origin.
    assert!(varies(&server.send(get("/users/me")).await, "Origin"));
}

#[actix_web::test]
async fn a_preflight_request_is_answered_before_authentication_and_routing() {
    let server = listed();
    for path in ["/api/v1/users/me", "/api/v1/orgs", "/api/v1/nothing", "/v1/nothing"] {
        let answer = server.send(preflight(APP, path)).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let allowed = |name: &str| answer.header(name).unwrap_or_default().to_lowercase();
        for method in ["get", "head", "post", "put", "patch", "delete"] {
            assert!(allowed("access-control-allow-methods").split(", ").any(|known| known == method), "{method}");
        }
        for name in ["authorization", "content-type", "x-api-key", "if-match", "if-none-match", "idempotency-key"] {
            assert!(allowed("access-control-allow-headers").split(", ").any(|known| known == name), "{name}");
        }
        assert!(answer.header("access-control-max-age").is_some() && answer.header("x-request-id").is_some());
        assert!(varies(&answer, "Origin"));
    }
    // Without the header of a preflight request, OPTIONS is a method like any other.
    let plain = of(APP, TestRequest::with_uri("/api/v1/users/me").method(Method::OPTIONS));
    let answer = server.send(plain).await;
    answer.problem(405, "method_not_allowed");
    shared_with(&answer, APP);
}

#[actix_web::test]
async fn a_page_can_read_every_problem() {
    let server = listed();
    let token = server.sign_up("ada").await;
    let long = json!({ "name": "x".repeat(70_000) });
    let cases = [
        (400, "invalid_body", post("/auth/login").set_json(json!([]))),
        (401, "authentication_required", get("/users/me")),
        (401, "invalid_token", get("/users/me").bearer("nonsense")),
        (404, "route_not_found", get("/nothing")),
        (405, "method_not_allowed", get("/auth/login")),
        (413, "body_too_large", post("/orgs").bearer(&token).set_json(long)),
        (415, "unsupported_media_type", post("/orgs").bearer(&token).set_payload("{}")),
    ];
    for (status, code, request) in cases {
        let answer = server.send(of(APP, request)).await;
        answer.problem(status, code);
        shared_with(&answer, APP);
    }
    let starting = server.send_early(of(APP, get("/users/me"))).await;
    starting.problem(503, "unavailable");
    shared_with(&starting, APP);
    assert_eq!(server.send_early(preflight(APP, "/api/v1/users/me")).await.status.as_u16(), 204);
}

#[actix_web::test]
async fn a_page_can_read_how_long_to_wait() {
    let server = listed();
    let owner = server.sign_up("ada").await;
    let members = format!("/orgs/{}/members", server.create_org(&owner).await);
    let body = json!({ "email": "unknown@example.com", "role": "member" });
    let add = async || server.send(of(APP, post(&members)).set_json(&body).bearer(&owner)).await;
    for _ in 0..30 {
        add().await.problem(404, "user_not_found");
    }
    let refused = add().await;
    refused.problem(429, "rate_limited");
    shared_with(&refused, APP);
}

#[actix_web::test]
async fn every_origin_may_be_allowed_without_credentials_s119() {
    let server = TestServer::new().shared_with(CorsOrigins::Any);
    for origin in [APP, "null"] {
        let answer = server.send(of(origin, get("/users/me"))).await;
        answer.problem(401, "authentication_required");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert!(!varies(&answer, "Origin"));
        assert_eq!(server.send(preflight(origin, "/api/v1/users/me")).await.status.as_u16(), 204);
    }
}

#[actix_web::test]
async fn every_origin_may_read_the_public_documents() {
    let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Busy, "http://localhost:8080");
    for (path, status) in [
        ("/.well-known/jwks.json", 200),
        ("/.well-known/tessera-keys.json", 200),
        ("/openapi.json", 200),
        ("/health/live", 200),
        ("/health/ready", 503),
        ("/health/nothing", 404),
    ] {
        let answer = server.send(of(APP, TestRequest::get().uri(path))).await;
        answer.expecting(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-expose-headers"), Some(EXPOSED), "{path}");
        // A cache may store the response to a request without `Origin`.
        let plain = server.send(TestRequest::get().uri(path)).await;
        assert_eq!(plain.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(server.send(preflight(APP, path)).await.status.as_u16(), 204, "{path}");
    }
}

#[actix_web::test]
async fn pages_are_never_shared() {
    for origins in [CorsOrigins::Any, CorsOrigins::Listed(vec![APP.to_owned()])] {
        let server = TestServer::new().shared_with(origins);
        for path in ["/docs", "/password/forgot", "/assets/pages.css", "/apis", "/healthy", "/nothing"] {
            shares_nothing(&server.send(of(APP, TestRequest::get().uri(path))).await);
            shares_nothing(&server.send(preflight(APP, path)).await);
        }
    }
}

#[actix_web::test]
async fn an_unknown_path_below_the_public_url_is_of_the_api_too() {
    let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, "https://example.com/accounts")
        .shared_with(CorsOrigins::Listed(vec![APP.to_owned()]));
    for path in ["/accounts/api/v1/nothing", "/api/v1/nothing"] {
        let answer = server.send(of(APP, TestRequest::with_uri(path)).insert_header(("Accept", "text/html"))).await;
        answer.problem(404, "route_not_found");
        shared_with(&answer, APP);
    }
}
