//! Unknown paths, unsupported methods and invalid parameters.

use actix_web::{http::Method, test::TestRequest};

use tessera_testkit::fakes::MemoryStore;

use crate::support::{TestApp, TestReadiness, TestServer, WithCredentials, get, text};

#[actix_web::test]
async fn an_unknown_path_is_a_problem() {
    let server = TestServer::new();
    for path in [
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/orgs",
        "//api/v1/orgs",
        "/api/v1/orgs/",
        "/API/v1/orgs",
        "/api/v1/auth/login/",
        "/api/v1/auth/login;x",
        "/health",
        "/%FF",
        "/docs/nothing.js",
        "/api/v1/auth%2Flogin",
    ] {
        server.send(TestRequest::get().uri(path)).await.problem(404, "route_not_found");
    }
}

#[actix_web::test]
async fn an_unknown_path_names_a_close_one() {
    let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, "https://example.com/accounts");
    let long = format!("/{}", "x".repeat(300));
    for (path, detail) in [
        ("/api/orgs", "no endpoint matches GET /api/orgs; did you mean /accounts/api/v1/orgs?"),
        ("/accounts/orgs/", "no endpoint matches GET /accounts/orgs/; did you mean /accounts/api/v1/orgs?"),
        ("/api/v1/user/me", "no endpoint matches GET /api/v1/user/me; did you mean /accounts/api/v1/users/me?"),
        ("/metrics", "no endpoint matches GET /metrics; /accounts/docs lists all endpoints"),
        (&long, "no endpoint matches this path"),
    ] {
        let problem = server.send(TestRequest::get().uri(path)).await.problem(404, "route_not_found");
        assert_eq!(problem["detail"], detail);
    }
}

#[actix_web::test]
async fn another_spelling_of_a_path_is_the_same_door() {
    let server = TestServer::new();
    for path in ["/api/v1/users/%6De", "/api/v1/%75sers/me", "http://elsewhere.example/api/v1/users/me"] {
        server.send(TestRequest::get().uri(path)).await.problem(401, "authentication_required");
    }
}

#[actix_web::test]
async fn an_unknown_method_is_answered_with_those_that_there_are() {
    let server = TestServer::new();
    let id = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e";
    let cases = [
        ("DELETE", "/api/v1/orgs".to_owned(), "GET, POST, HEAD"),
        ("GET", "/api/v1/auth/login".to_owned(), "POST"),
        ("HEAD", "/api/v1/auth/login".to_owned(), "POST"),
        ("PATCH", format!("/api/v1/orgs/{id}/members/{id}"), "GET, PUT, DELETE, HEAD"),
        ("POST", format!("/api/v1/apps/{id}"), "GET, PUT, DELETE, HEAD"),
        ("DELETE", "/api/v1/apikeys/verify".to_owned(), "POST"),
        ("TRACE", "/health/live".to_owned(), "GET, HEAD"),
        ("OPTIONS", "/api/v1/users/me".to_owned(), "GET, PUT, HEAD"),
        ("BREW", "/docs".to_owned(), "GET, HEAD"),
        ("POST", "/api/v1/sso/web3/initiate".to_owned(), "GET"),
        ("HEAD", "/api/v1/sso/web3/initiate".to_owned(), "GET"),
    ];
    for (method, path, allowed) in cases {
        let Ok(method) = Method::from_bytes(method.as_bytes()) else { panic!("{method}") };
        let answer = server.send(TestRequest::with_uri(&path).method(method)).await;
        let problem = answer.problem(405, "method_not_allowed");
        let named = format!("it supports {}", answer.header("allow").unwrap_or_default());
        assert!(text(&problem["detail"]).ends_with(&named), "{problem}");
        let methods = |text: &str| text.split(", ").map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(answer.header("allow").map(methods), Some(methods(allowed)), "{path}");
    }
}

#[actix_web::test]
async fn head_is_taken_wherever_get_is() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    for path in ["/api/v1/users/me", "/health/live", "/health/ready", "/openapi.json", "/docs"] {
        let request = TestRequest::with_uri(path).method(Method::HEAD).bearer(&token);
        server.send(request).await.expecting(200);
    }
}

#[actix_web::test]
async fn a_bad_id_is_named() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let good = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e";
    for id in ["0", "null", "%20", "%FF", "..%2f", "0198c2f04a6b7cc49d1e2f6a1b3c4d5e", "me%00"] {
        let problem = server.send(get(&format!("/orgs/{id}")).bearer(&token)).await.problem(400, "invalid_path");
        assert!(problem["detail"].as_str().is_some_and(|text| text.contains("orgId")), "{problem}");
        let path = format!("/orgs/{good}/members/{id}");
        let problem = server.send(get(&path).bearer(&token)).await.problem(400, "invalid_path");
        assert!(problem["detail"].as_str().is_some_and(|text| text.contains("userId")), "{problem}");
    }
}

#[actix_web::test]
async fn ids_are_accepted_in_upper_case_and_returned_in_lower_case() {
    let TestApp { server, token, organization, application } = TestApp::new().await;
    let me = text(&server.send(get("/users/me").bearer(&token)).await.expecting(200)["id"]);
    let [org, app, user] = [&organization, &application, &me].map(|id| id.to_uppercase());
    for (path, name, id) in [
        (format!("/orgs/{org}"), "id", &organization),
        (format!("/apps/{app}"), "id", &application),
        (format!("/orgs/{org}/members/{user}"), "user_id", &me),
        (format!("/users/{user}/custom-data"), "user_id", &me),
    ] {
        assert_eq!(text(&server.send(get(&path).bearer(&token)).await.expecting(200)[name]), *id, "{path}");
    }
}
