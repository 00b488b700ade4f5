//! HTTP properties of all responses, and responses to invalid requests.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Answer, send},
    database::Backend,
    on_sqlite,
    process::Installation,
    sso,
    test_org::{Service, TestOrg, UNKNOWN_ID},
};

async fn with_id(service: &Service, id: &[u8]) -> Answer {
    send(service.api().request(Method::GET, "/health/live").header("X-Request-Id", id)).await
}

#[track_caller]
fn id_of(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap_or_else(|| panic!("no request id: {:?}", answer.headers)).to_owned()
}

on_sqlite! {
    a_valid_request_id_is_returned
    any_other_request_id_is_replaced
    security_headers_are_sent_with_every_response_s121
    pages_and_api_responses_have_a_strict_csp_s120
    responses_with_private_data_are_not_cached_s122
    responses_have_the_exact_content_type_s124
    every_error_is_a_problem_document_s192
    unsupported_methods_return_405_with_allow_s126
    head_is_get_without_a_body
    get_and_head_change_nothing_s118
    no_cors_headers_are_sent_s119
    links_do_not_use_the_host_header_s125
    other_path_spellings_do_not_bypass_authentication_s31
    debug_routes_do_not_exist_s201
    the_service_is_live_and_ready
}

async fn a_valid_request_id_is_returned(backend: Backend) {
    let service = Service::start(backend).await;
    let longest = "a".repeat(128);
    for id in ["1", "abc-DEF_1.2:3/4", UNKNOWN_ID, &longest] {
        assert_eq!(id_of(&with_id(&service, id.as_bytes()).await), id);
    }
    let failed = send(service.api().request(Method::GET, "/nothing").header("X-Request-Id", "mine")).await;
    assert_eq!(failed.problem(404, "route_not_found")["request_id"], "mine");
}

async fn any_other_request_id_is_replaced(backend: Backend) {
    let service = Service::start(backend).await;
    let long = "a".repeat(129);
    let wrong = [b"".as_slice(), b"a b", b"<x>", b"a\"b", b"\xff\xfe", b"a,b", b"{}", long.as_bytes()];
    for id in wrong {
        let made = id_of(&with_id(&service, id).await);
        assert_eq!((made.len(), made.as_bytes()[14]), (36, b'7'), "{made}");
    }
    assert_ne!(id_of(&with_id(&service, b"").await), id_of(&with_id(&service, b"").await));
    let twice =
        service.api().request(Method::GET, "/health/live").header("X-Request-Id", "a").header("X-Request-Id", "b");
    assert_eq!(id_of(&send(twice).await).len(), 36);
}

async fn security_headers_are_sent_with_every_response_s121(backend: Backend) {
    let acme = TestOrg::open_on(Installation::new(backend).await.set("TESSERA_PUBLIC_URL", "https://id.example")).await;
    for path in ["/health/live", "/openapi.json", "/docs", "/nothing", "/api/v1/users/me"] {
        let answer = acme.owner.get_root(path).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert!(answer.header("permissions-policy").is_some(), "{path}");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
    }
}

async fn pages_and_api_responses_have_a_strict_csp_s120(backend: Backend) {
    let service = Service::start(backend).await;
    let page = service.api().get_root("/docs").await;
    let policy = page.header("content-security-policy").unwrap_or_default().to_owned();
    for rule in ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action"]
    {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let answer = service.api().get_root("/health/live").await;
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(answer.header("strict-transport-security"), None, "not over plain http");
}

async fn responses_with_private_data_are_not_cached_s122(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (org, app) = (&acme.org, &acme.app);
    for path in ["/users/me", &format!("/orgs/{org}"), &format!("/apps/{app}/apikeys"), &acme.inventory(), "/nothing"] {
        assert_eq!(acme.owner.get(path).await.header("cache-control"), Some("no-store"), "{path}");
    }
    let login = json!({"email": acme.owner.email, "password": tessera_tests::test_org::PASSWORD});
    assert_eq!(acme.api().post("/auth/login", &login).await.header("cache-control"), Some("no-store"));
}

async fn responses_have_the_exact_content_type_s124(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for path in ["/users/me", &acme.inventory()] {
        assert_eq!(acme.owner.get(path).await.header("content-type"), Some("application/json"), "{path}");
    }
    acme.owner.get("/nothing").await.problem(404, "route_not_found");
}

async fn every_error_is_a_problem_document_s192(backend: Backend) {
    let service = Service::start(backend).await;
    let api = service.api();
    for path in
        ["/api", "/api/v1", "/api/v1/nothing", "/api/v2/users/me", "/docs/nothing.js", "/health", "/%ff", "/%00"]
    {
        api.get_root(path).await.problem(404, "route_not_found");
    }
    api.get_root("/api/v1/users/me").await.problem(401, "authentication_required");
    api.call(Method::POST, "/health/live", None).await.problem(405, "method_not_allowed");
    api.call(Method::POST, "/api/v1/auth/login", None).await.problem(415, "unsupported_media_type");
    api.post("/auth/login", &json!([])).await.problem(400, "invalid_body");
}

async fn unsupported_methods_return_405_with_allow_s126(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let app = format!("/api/v1/apps/{}", acme.app);
    let cases = [
        (app.as_str(), "GET, HEAD, PUT, DELETE"),
        ("/health/live", "GET, HEAD"),
        ("/api/v1/orgs", "GET, HEAD, POST"),
        ("/docs", "GET, HEAD"),
    ];
    for (path, allowed) in cases {
        for method in [Method::PATCH, Method::TRACE, Method::OPTIONS] {
            let answer = acme.owner.call(method, path, None).await;
            answer.problem(405, "method_not_allowed");
            let sorted = |list: &str| {
                let mut methods: Vec<String> = list.split(',').map(|method| method.trim().to_owned()).collect();
                methods.sort();
                methods
            };
            assert_eq!(sorted(answer.header("allow").unwrap_or_default()), sorted(allowed), "{path}");
        }
    }
}

async fn head_is_get_without_a_body(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for path in ["/health/live", "/openapi.json", "/docs", "/api/v1/users/me", "/api/v1/orgs/0", "/nothing"] {
        let (get, head) = (acme.owner.get_root(path).await, acme.owner.call(Method::HEAD, path, None).await);
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    acme.owner.call(Method::HEAD, "/api/v1/auth/login", None).await.is(405);
}

async fn get_and_head_change_nothing_s118(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let app = format!("/api/v1/apps/{}", acme.app);
    let begin = format!("/api/v1/sso/web3/initiate{}", sso::query(&acme).await);
    let before = acme.owner.get_root(&app).await.text();
    for method in [Method::GET, Method::HEAD] {
        let request = acme.owner.request(method, &app).header("X-HTTP-Method-Override", "DELETE");
        send(request.json(&json!({"name": "other"}))).await.is(200);
    }
    for method in [Method::GET, Method::HEAD] {
        let path = format!("/api/v1/apikeys/{}", key.id);
        let request = acme.owner.request(method, &path).header("X-HTTP-Method-Override", "DELETE");
        send(request.json(&json!({"enabled": false}))).await.is(200);
    }
    let probe = acme.api().call(Method::HEAD, &begin, None).await;
    assert_eq!((probe.status, probe.header("allow"), probe.header("set-cookie")), (405, Some("GET"), None));
    assert_eq!(acme.owner.get_root(&app).await.text(), before);
    assert_eq!(acme.verify(&key.raw).await["code"], "valid");
}

async fn no_cors_headers_are_sent_s119(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    for origin in ["https://evil.example", "null", "http://localhost:8080"] {
        let answer = send(person.request(Method::GET, "/api/v1/users/me").header("Origin", origin)).await;
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{origin}");
    }
}

async fn links_do_not_use_the_host_header_s125(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    acme.owner.make_app(&acme.org).await;
    let request = acme.owner.request(Method::GET, &format!("/api/v1/orgs/{}/apps?limit=1", acme.org));
    let request = request.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
    let answer = send(request.header("Forwarded", "host=evil.example;proto=https")).await;
    let link = answer.header("link").unwrap_or_default();
    assert!(link.starts_with("<http://localhost:8080/api/v1/orgs/"), "{link}");
    assert!(!format!("{:?}", answer.headers).contains("evil.example"));
}

async fn other_path_spellings_do_not_bypass_authentication_s31(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (org, anonymous) = (&acme.org, acme.api());
    let spellings = [
        format!("//api/v1/orgs/{org}"),
        format!("/api/v1//orgs/{org}"),
        format!("/api/v1/orgs/{org}/"),
        format!("/API/V1/ORGS/{org}"),
        format!("/api/v1/%6frgs/{org}"),
        format!("/api/v1/orgs/{org};x"),
        format!("/api/v1/orgs/{org}%2f"),
        format!("/api/v1/health/../orgs/{org}"),
    ];
    for path in spellings {
        let answer = anonymous.get_root(&path).await;
        assert!([401, 404].contains(&answer.status), "{path}: {}", answer.text());
        let _complete = answer.any_problem(answer.status);
    }
}

async fn debug_routes_do_not_exist_s201(backend: Backend) {
    let service = Service::start(backend).await;
    for path in ["/metrics", "/debug", "/debug/pprof", "/actuator", "/env", "/.env", "/status", "/version", "/admin"] {
        service.api().get_root(path).await.problem(404, "route_not_found");
    }
}

async fn the_service_is_live_and_ready(backend: Backend) {
    let service = Service::start(backend).await;
    assert_eq!(service.api().get_root("/health/live").await.expecting(200), json!({"status": "live"}));
    let checks = json!({"database": "ok", "clock": "ok", "disk": "ok"});
    let ready = service.api().get_root("/health/ready").await.expecting(200);
    assert_eq!(ready, json!({"status": "ready", "checks": checks}));
}
