//! Strict parsing of bodies: anything but plain, bounded I-JSON is rejected.

use std::{
    future::{poll_fn, ready},
    io::ErrorKind,
    task::Poll,
};

use actix_http::BoxedPayloadStream;
use actix_web::{
    dev::{Payload, Service as _},
    error::PayloadError,
    http::Method,
    test::{call_service, init_service},
    web::Bytes,
};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tessera_api::Api;

use crate::support::{Answer, TestApp, TestServer, WithCredentials, faults, get, post, text};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Verifies an API key: a public operation that accepts any string, so that only the body itself can be invalid.
async fn ask(body: impl Into<Vec<u8>>) -> Answer {
    TestServer::new().send(post("/apikeys/verify").insert_header(JSON).set_payload(body.into())).await
}

fn nested(levels: usize) -> String {
    format!("{{\"key\":\"k\",\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1))
}

#[actix_web::test]
async fn a_plain_body_is_accepted() {
    let good = [
        r#"{"key":"k"}"#.to_owned(),
        " \t\r\n{\"key\" : \"k\"}\n".to_owned(),
        r#"{"key":"k","unknown":{"a":[1,-2.5,true,null,"ü🦀"]}}"#.to_owned(),
        r#"{"key":"\ud83e\udd80","permission":null}"#.to_owned(),
        r#"{"key":"k","n":[9007199254740991,-9007199254740991,1e15,0.1,-0]}"#.to_owned(),
        nested(64),
    ];
    for body in good {
        ask(body.clone()).await.expecting(200);
    }
}

#[actix_web::test]
async fn malformed_json_is_rejected() {
    let bad: [&[u8]; 17] = [
        b"",
        b" ",
        b"{",
        b"{\"key\":\"k\"",
        b"{\"key\":\"k",
        b"{\"key\":\"k\"}}",
        b"{\"key\":\"k\"} {}",
        b"{\"key\":\"k\",}",
        b"{'key':'k'}",
        b"{\"key\":NaN}",
        b"{\"key\":\"k\",\"n\":01}",
        b"{\"key\":\"a\tb\"}",
        b"{\"key\":\"\xff\"}",
        b"\xef\xbb\xbf{\"key\":\"k\"}",
        b"{\"key\":\"\\ud800\"}",
        b"{\"key\":\"\\udc00\\ud800\"}",
        b"// comment\n{\"key\":\"k\"}",
    ];
    for body in bad {
        ask(body).await.problem(400, "malformed_json");
    }
}

#[actix_web::test]
async fn a_json_error_names_its_position() {
    let problem = ask(r#"{"key":"k","a":[{"b":1e400}]}"#).await.problem(400, "invalid_body");
    assert_eq!(faults(&problem), [("/a/0/b".to_owned(), "out_of_range".to_owned())]);
    let problem = ask(r#"{"key":"k","a":[{"b":tru}]}"#).await.problem(400, "malformed_json");
    assert_eq!(faults(&problem), [("/a/0/b".to_owned(), "malformed".to_owned())]);
    let problem = ask(r#"{"key":"\ud800"}"#).await.problem(400, "malformed_json");
    assert_eq!(faults(&problem), [("/key".to_owned(), "malformed".to_owned())]);
}

#[actix_web::test]
async fn json_that_is_not_i_json_is_rejected_with_its_position() {
    let bad = [
        (r#"{"key":"k","a":{"b":1,"b":1}}"#, "/a/b", "duplicate"),
        (r#"{"key":"k","key":"k"}"#, "/key", "duplicate"),
        (r#"{"key":"k","a/b~c":{"":1,"":2}}"#, "/a~1b~0c/", "duplicate"),
        (r#"{"key":"k\u0000"}"#, "/key", "forbidden_character"),
        (r#"{"key":["\u0000"]}"#, "/key/0", "forbidden_character"),
        (r#"{"key":{"\u0000":1}}"#, "/key/\0", "forbidden_character"),
        (r#"{"key":9007199254740992}"#, "/key", "out_of_range"),
        (r#"{"key":[0,-9007199254740992]}"#, "/key/1", "out_of_range"),
        (r#"{"key":18446744073709551616}"#, "/key", "out_of_range"),
        (r#"{"key":1e16}"#, "/key", "out_of_range"),
        (r#"{"key":-1.7e308}"#, "/key", "out_of_range"),
        ("[]", "", "invalid_type"),
        ("null", "", "invalid_type"),
        ("\"key\"", "", "invalid_type"),
        ("1", "", "invalid_type"),
    ];
    for (body, pointer, code) in bad {
        let problem = ask(body).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem).first(), Some(&(pointer.to_owned(), code.to_owned())), "{body}");
    }
}

#[actix_web::test]
async fn values_of_unknown_fields_are_not_checked() {
    for value in ["9007199254740993", "\"\\u0000\"", "[1e300]", "1e308", "-1e308", "1e-400", "{\"\\u0000\":1}"] {
        ask(format!("{{\"key\":\"k\",\"others\":{value}}}")).await.expecting(200);
    }
    ask(r#"{"key":"k","\u0000":1}"#).await.expecting(200);
    // More errors than are kept. The error of the known field may be among those that were dropped.
    let nulls = vec![r#""\u0000""#; 100].join(",");
    ask(format!("{{\"x\":[{nulls}],\"key\":\"\\u0000\"}}")).await.problem(400, "invalid_body");
}

/// `docs/errors.md` lists these field errors.
#[actix_web::test]
async fn rules_for_the_whole_body_apply_to_unknown_fields() {
    let (deep, deep_at) = (format!("{}{}", "[".repeat(64), "]".repeat(64)), format!("/x{}", "/0".repeat(63)));
    let (long, wide) = (array(1001), object(501));
    for (value, place, code) in [
        ("1e309", "/x", "out_of_range"),
        ("[0,-1e309]", "/x/1", "out_of_range"),
        (r#"{"a":1,"a":1}"#, "/x/a", "duplicate"),
        (deep.as_str(), deep_at.as_str(), "too_deep"),
        (long.as_str(), "/x", "too_long"),
        (wide.as_str(), "/x", "too_long"),
    ] {
        let problem = ask(format!("{{\"key\":\"k\",\"x\":{value}}}")).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem), [(place.to_owned(), code.to_owned())], "{value:.20}");
    }
    ask(r#"{"key":"k","x":"\ud800"}"#).await.problem(400, "malformed_json");
}

#[actix_web::test]
async fn the_sixty_fifth_level_is_too_deep() {
    let problem = ask(nested(65)).await.problem(400, "invalid_body");
    let place = format!("/x{}", "/0".repeat(63));
    assert_eq!(faults(&problem), [(place, "too_deep".to_owned())]);
    ask(nested(30_000)).await.problem(400, "invalid_body");
}

fn array(entries: usize) -> String {
    format!("[{}]", vec!["0"; entries].join(","))
}

fn object(members: usize) -> String {
    let members: Vec<String> = (0..members).map(|number| format!("\"{number}\":0")).collect();
    format!("{{{}}}", members.join(","))
}

#[actix_web::test]
async fn arrays_and_objects_have_a_maximum_size_at_every_level_s167() {
    for value in [array(1000), object(500), format!("[{},{}]", array(1000), object(500))] {
        ask(format!("{{\"key\":\"k\",\"x\":{value}}}")).await.expecting(200);
    }
    for (value, place) in [
        (array(1001), "/x"),
        (object(501), "/x"),
        (format!("[0,{}]", array(1001)), "/x/1"),
        (format!("{{\"y\":{}}}", object(501)), "/x/y"),
        (array(30_000), "/x"),
    ] {
        let problem = ask(format!("{{\"key\":\"k\",\"x\":{value}}}")).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem), [(place.to_owned(), "too_long".to_owned())]);
    }
}

#[actix_web::test]
async fn a_body_has_at_most_500_members_s167() {
    let body = |members: usize| object(members).replacen("\"0\":0", "\"key\":\"k\"", 1);
    ask(body(500)).await.expecting(200);
    let problem = ask(body(501)).await.problem(400, "invalid_body");
    assert_eq!(faults(&problem), [(String::new(), "too_long".to_owned())]);
    assert_eq!(problem["errors"][0]["detail"], "must have at most 500 members");
}

#[actix_web::test]
async fn a_response_with_field_errors_is_smaller_than_its_request() {
    let long = "k".repeat(10_000);
    let nulls = vec![r#""\u0000""#; 2_500].join(",");
    let body = format!("{{\"{long}\":[{nulls}],\"x\":[{nulls}]}}");
    let answer = ask(body.clone()).await;
    let problem = answer.problem(400, "invalid_body");
    assert_eq!(faults(&problem).len(), 100);
    assert!(answer.body.len() < body.len(), "{}", answer.body.len());
}

#[actix_web::test]
async fn only_json_in_utf_8_is_accepted() {
    let server = TestServer::new();
    let body = r#"{"key":"k"}"#;
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "application/merge-patch+json",
    ] {
        let request = post("/apikeys/verify").insert_header(("Content-Type", kind)).set_payload(body);
        server.send(request).await.expecting(200);
    }
    for kind in [
        "text/json",
        "application/jsonx",
        "application/json; charset=utf-16",
        "application/x-www-form-urlencoded",
        "*/*",
        "",
    ] {
        let request = post("/apikeys/verify").insert_header(("Content-Type", kind)).set_payload(body);
        server.send(request).await.problem(415, "unsupported_media_type");
    }
    let twice = post("/apikeys/verify").append_header(JSON).append_header(JSON).set_payload(body);
    let none = post("/apikeys/verify").set_payload(body);
    let other = |kind: &str| post("/apikeys/verify").insert_header(("Content-Type", kind)).set_payload(body);
    for (request, detail) in [
        (none, "the header Content-Type is missing; send Content-Type: application/json, in UTF-8"),
        (twice, "the header Content-Type occurs more than once; send Content-Type: application/json, in UTF-8"),
        (
            other("text/plain"),
            "the Content-Type text/plain is not supported; send Content-Type: application/json, in UTF-8",
        ),
        (other(&"x".repeat(101)), "the Content-Type is not supported; send Content-Type: application/json, in UTF-8"),
    ] {
        assert_eq!(server.send(request).await.problem(415, "unsupported_media_type")["detail"], detail);
    }
    let encoded = |how: &str| post("/apikeys/verify").insert_header(JSON).insert_header(("Content-Encoding", how));
    server.send(encoded("gzip").set_payload(body)).await.problem(415, "unsupported_media_type");
    server.send(encoded("identity").set_payload(body)).await.expecting(200);
}

#[actix_web::test]
async fn a_body_has_at_most_64_kib() {
    let sized = |length: usize| {
        let rest = r#"{"key":""}"#.len();
        format!("{{\"key\":\"{}\"}}", "k".repeat(length - rest))
    };
    ask(sized(64 * 1024)).await.expecting(200);
    let problem = ask(sized(64 * 1024 + 1)).await.problem(413, "body_too_large");
    assert_eq!(problem["detail"], "the body has more than 64 KiB");
    let server = TestServer::new();
    for announced in ["65537", "1048577", "99999999999999999999999999"] {
        let request = post("/apikeys/verify").insert_header(JSON).insert_header(("Content-Length", announced));
        server.send(request).await.problem(413, "body_too_large");
    }
}

/// docs/api-design.md lists these operations.
#[actix_web::test]
async fn a_body_of_an_operation_that_stores_a_document_has_at_most_256_kib() {
    let TestApp { server, token, organization, application } = TestApp::new().await;
    let me = server.send(get("/users/me").bearer(&token)).await.expecting(200);
    let system_data = format!("/orgs/{organization}/custom-system-data/{}", text(&me["id"]));
    let operations: [(Method, &str, Value); 6] = [
        (Method::PUT, &format!("/orgs/{organization}/settings"), json!({ "settings": {} })),
        (Method::PUT, &system_data, json!({ "data": {} })),
        (Method::PATCH, &system_data, json!({ "data": {} })),
        (Method::PUT, "/users/me/custom-data", json!({ "data": {} })),
        (Method::PATCH, "/users/me/custom-data", json!({ "data": {} })),
        (Method::POST, &format!("/apps/{application}/inventory"), json!({ "sku": "s" })),
    ];
    for (method, path, body) in operations {
        for (bytes, accepted) in [(256 * 1024, true), (256 * 1024 + 1, false)] {
            let body = body.to_string();
            let padded = format!("{body}{}", " ".repeat(bytes - body.len()));
            let request = post(path).method(method.clone()).insert_header(JSON).set_payload(padded);
            let answer = server.send(request.bearer(&token)).await;
            assert_eq!(answer.status.is_success(), accepted, "{method} {path} {bytes}: {}", answer.status);
            if !accepted {
                answer.problem(413, "body_too_large");
            }
        }
    }
}

/// A request whose payload stops after this number of bytes and never ends.
fn stalled(bytes: usize) -> actix_http::Request {
    let first = futures_util::stream::once(ready(Ok(Bytes::from(vec![b' '; bytes]))));
    let stalled: BoxedPayloadStream = Box::pin(first.chain(futures_util::stream::pending()));
    let request = post("/apikeys/verify").insert_header(JSON).to_request();
    request.replace_payload(Payload::Stream { payload: stalled }).0
}

#[actix_web::test]
async fn the_memory_of_all_request_bodies_is_bounded_s212() {
    let server = TestServer::new();
    let app = init_service(Api::new(server.services.clone()).app()).await;
    // 64 MiB in bodies of 64 KiB each.
    let mut held: Vec<_> = (0..1024).map(|_| Box::pin(app.call(stalled(64 * 1024)))).collect();
    poll_fn(|context| {
        for call in &mut held {
            assert!(call.poll_unpin(context).is_pending());
        }
        Poll::Ready(())
    })
    .await;
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let ask = || post("/apikeys/verify").insert_header(JSON).set_payload(r#"{"key":"k"}"#).to_request();
    let refused = call_service(&app, ask()).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().get("retry-after").is_some_and(|value| value == "1"));
    drop(held);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(call_service(&app, ask()).await.status(), 200);
}

#[actix_web::test]
async fn unknown_fields_are_ignored() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let body = json!({ "name": "Werke", "password": 1, "owner_id": {} });
    let made = server.send(post("/orgs").set_json(body).bearer(&token)).await.expecting(201);
    assert_eq!(made["role"], "owner");
}

/// The server below ends a slow body with this I/O error.
#[actix_web::test]
async fn a_body_that_times_out_returns_408_s212() {
    let late: BoxedPayloadStream =
        Box::pin(futures_util::stream::once(ready(Err(PayloadError::Io(ErrorKind::TimedOut.into())))));
    let request = post("/apikeys/verify").insert_header(JSON).to_request();
    let (request, _) = request.replace_payload(Payload::Stream { payload: late });
    TestServer::new().send_raw(request).await.problem(408, "request_timeout");
}
