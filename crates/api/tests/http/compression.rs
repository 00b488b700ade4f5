//! Compression of public content, and of nothing else.

use std::io::Read as _;

use actix_web::{http::Method, test::TestRequest};
use flate2::read::GzDecoder;
use serde_json::json;
use tessera_testkit::expectations::{ok, some};

use crate::support::{Answer, PASSWORD, TestServer, WithCredentials, get, post};

/// Public content of at least 1 KiB.
const COMPRESSED: [&str; 8] = [
    "/openapi.json",
    "/docs/swagger-ui-bundle.js",
    "/docs/swagger-ui.css",
    "/assets/pages.css",
    "/assets/docs.css",
    "/assets/docs.js",
    "/assets/forms.js",
    "/assets/sign-in.js",
];

fn accepting(path: &str, encodings: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(("Accept-Encoding", encodings))
}

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    ok(GzDecoder::new(&*answer.body).read_to_end(&mut plain));
    plain
}

#[actix_web::test]
async fn public_content_is_compressed_for_clients_that_accept_it() {
    let server = TestServer::new();
    for path in COMPRESSED {
        let plain = server.send(TestRequest::get().uri(path)).await;
        plain.expecting(200);
        let gzip = server.send(accepting(path, "br, gzip, deflate")).await;
        gzip.expecting(200);
        assert_eq!((plain.header("content-encoding"), gzip.header("content-encoding")), (None, Some("gzip")), "{path}");
        assert_eq!(decoded(&gzip), plain.body, "{path}");
        assert!(gzip.body.len() * 10 < plain.body.len() * 7, "{path}: {} of {}", gzip.body.len(), plain.body.len());
        for answer in [&plain, &gzip] {
            assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{path}");
            assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
            assert_eq!(answer.header("content-type"), plain.header("content-type"), "{path}");
        }
        for encodings in ["", "identity", "br", "gzip;q=0", "gzip;q=0.1, identity", ";;"] {
            let answer = server.send(accepting(path, encodings)).await;
            assert_eq!(answer.header("content-encoding"), None, "{path}: {encodings}");
        }
    }
}

#[actix_web::test]
async fn a_client_that_has_the_content_does_not_get_it_again() {
    let server = TestServer::new();
    for path in COMPRESSED {
        let (plain, gzip) =
            (server.send(accepting(path, "identity")).await, server.send(accepting(path, "gzip")).await);
        let tag = some(plain.header("etag")).to_owned();
        // The tag of two encodings is weak.
        assert!(tag.starts_with("W/\"") && gzip.header("etag") == Some(&*tag), "{path}: {tag}");
        for known in ["*".to_owned(), tag.clone(), format!("\"x\", {tag}"), tag.trim_start_matches("W/").to_owned()] {
            for method in [Method::GET, Method::HEAD] {
                let again = accepting(path, "gzip").method(method).insert_header(("If-None-Match", known.clone()));
                let again = server.send(again).await;
                assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}: {known}");
                assert_eq!((again.header("etag"), again.header("vary")), (Some(&*tag), Some("Accept-Encoding")));
            }
        }
        for unknown in ["W/\"x\"", "x"] {
            server.send(accepting(path, "gzip").insert_header(("If-None-Match", unknown))).await.expecting(200);
        }
    }
}

#[actix_web::test]
async fn responses_that_may_contain_secrets_are_never_compressed() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let organization = server.create_org(&token).await;
    let login = post("/auth/login").set_json(json!({ "email": "ada@example.com", "password": PASSWORD }));
    for request in [
        login,
        get("/users/me").bearer(&token),
        get("/orgs").bearer(&token),
        get(&format!("/orgs/{organization}")).bearer(&token),
        get("/users/me"),
        TestRequest::get().uri("/"),
        TestRequest::get().uri("/docs"),
        TestRequest::get().uri("/problems"),
        TestRequest::get().uri("/password/forgot"),
        TestRequest::get().uri("/password/reset?token=secret").insert_header(("Accept", "text/html")),
        TestRequest::get().uri("/invitations/accept?token=secret").insert_header(("Accept", "text/html")),
        TestRequest::get().uri("/.well-known/jwks.json"),
        TestRequest::get().uri("/.well-known/tessera-keys.json"),
    ] {
        let answer = server.send(request.insert_header(("Accept-Encoding", "gzip"))).await;
        assert!(!answer.body.is_empty() && answer.header("content-encoding").is_none(), "{:?}", answer.headers);
    }
}
