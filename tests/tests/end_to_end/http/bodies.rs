//! Invalid bodies at every endpoint that takes a body: the response is a problem with the right status, never a 5xx.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, BASE, send},
    database::Backend,
    on_sqlite,
    raw::{exchange, json_request, status_of},
    test_org::{PASSWORD, Person, TestOrg, unique},
};

/// An endpoint, and a valid body with every field.
struct Operation {
    method: Method,
    path: String,
    body: Value,
}

fn operations(acme: &TestOrg, member: &Person) -> Vec<Operation> {
    let (org, app) = (&acme.org, &acme.app);
    let new = |method: Method, path: String, body: Value| Operation { method, path: format!("{BASE}{path}"), body };
    let names = json!({"email": format!("{}@example.com", unique("b")), "password": PASSWORD, "display_name": "D",
                       "first_name": "F", "last_name": "L"});
    let login = json!({"email": acme.owner.email, "password": PASSWORD, "refresh": true, "device_name": "D",
                        "device_token": "dt_x"});
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    let key = json!({"description": "D", "expires_in_days": 1, "permissions": [], "restrict_permissions": true});
    vec![
        new(Method::POST, "/auth/register".to_owned(), names),
        new(Method::POST, "/auth/login".to_owned(), login),
        new(Method::POST, "/users/me/email".to_owned(), json!({"email": format!("{}@example.com", unique("c"))})),
        new(Method::POST, "/orgs".to_owned(), json!({"name": "O", "slug": unique("slug")})),
        new(Method::POST, format!("/orgs/{org}/members"), json!({"user_id": member.id, "role": "member"})),
        new(Method::PUT, format!("/orgs/{org}/members/{}", acme.owner.id), json!({"role": "owner"})),
        new(Method::POST, format!("/orgs/{org}/apps"), json!({"name": "A", "description": "D", "redirect_uris": []})),
        new(Method::PUT, format!("/apps/{app}"), json!({"name": "A", "description": "D", "redirect_uris": []})),
        new(Method::POST, format!("/apps/{app}/apikeys"), key),
        new(Method::POST, "/apikeys/verify".to_owned(), json!({"key": "K", "permission": "event:record"})),
        new(Method::POST, "/apikeys/leaked".to_owned(), json!({"keys": ["K"], "source": "S", "url": "http://a.b"})),
        new(
            Method::POST,
            format!("/apps/{app}/inventory"),
            json!({"sku": "S", "name": "N", "description": "D", "quantity": 1,
                                                                   "metadata": {}}),
        ),
        new(
            Method::PUT,
            "/users/me".to_owned(),
            json!({"display_name": "D", "first_name": "F", "last_name": "L", "avatar_url": "https://example.com/a"}),
        ),
        new(Method::PUT, "/users/me/password".to_owned(), change),
        new(Method::PUT, format!("/orgs/{org}/settings"), json!({"settings": {}})),
        new(Method::PUT, format!("/orgs/{org}/custom-system-data/{}", acme.owner.id), json!({"data": {}})),
        new(Method::PATCH, format!("/orgs/{org}/custom-system-data/{}", acme.owner.id), json!({"data": {}})),
        new(Method::PUT, "/users/me/custom-data".to_owned(), json!({"data": {}})),
        new(Method::PATCH, format!("/users/{}/custom-data", acme.owner.id), json!({"data": {}})),
        new(Method::POST, "/auth/reauthenticate".to_owned(), json!({"password": PASSWORD})),
    ]
}

impl Operation {
    async fn send(&self, acme: &TestOrg, body: impl Into<reqwest::Body>) -> Answer {
        let request = acme.owner.request(self.method.clone(), &self.path);
        send(request.header("Content-Type", "application/json").body(body)).await
    }

    /// The valid body with one additional member, as raw text.
    fn with(&self, member: &str) -> String {
        let body = self.body.to_string();
        format!("{},{member}}}", body.strip_suffix('}').unwrap_or(&body))
    }
}

/// Sends a modified body to each endpoint, and asserts that it is rejected with the status and the code.
async fn refused(acme: &TestOrg, status: u16, code: &str, body: impl Fn(&Operation) -> Vec<u8>) {
    let member = Person::register(&acme.api()).await;
    for operation in operations(acme, &member) {
        let answer = operation.send(acme, body(&operation)).await;
        assert_eq!(answer.status, status, "{} {}: {}", operation.method, operation.path, answer.text());
        answer.problem(status, code);
    }
}

/// Nested arrays with the given number of levels.
fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

on_sqlite! {
    every_operation_accepts_its_valid_body
    truncated_json_is_malformed
    an_empty_body_is_malformed
    more_than_one_json_text_is_malformed
    a_body_that_is_not_an_object_is_invalid
    fields_of_the_wrong_type_are_rejected_s170
    missing_required_fields_are_reported
    nul_characters_are_rejected_s171
    lone_surrogates_are_malformed
    invalid_utf_8_is_malformed
    duplicate_members_are_rejected_s168
    a_body_nested_too_deeply_is_rejected_s167
    values_of_unknown_fields_are_ignored
    sixty_four_levels_are_accepted
    a_body_over_the_limit_returns_413_s166
    a_body_has_at_most_64_kib
    a_chunked_body_is_counted_too
    another_content_type_is_415
    a_compressed_body_is_415
    json_may_name_its_charset_and_start_with_whitespace
    integers_out_of_range_are_reported
    every_field_error_has_its_position
    error_responses_reveal_no_internals_s193
}

async fn every_operation_accepts_its_valid_body(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        let answer = operation.send(&acme, operation.body.to_string()).await;
        assert!([200, 201, 202, 204].contains(&answer.status), "{}: {}", operation.path, answer.text());
    }
}

async fn truncated_json_is_malformed(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    refused(&acme, 400, "malformed_json", |operation| {
        let body = operation.body.to_string();
        body.as_bytes()[..body.len() - 1].to_vec()
    })
    .await;
}

async fn an_empty_body_is_malformed(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    refused(&acme, 400, "malformed_json", |_| Vec::new()).await;
    refused(&acme, 400, "malformed_json", |_| b" \n".to_vec()).await;
}

async fn more_than_one_json_text_is_malformed(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    refused(&acme, 400, "malformed_json", |operation| format!("{0}{0}", operation.body).into_bytes()).await;
}

async fn a_body_that_is_not_an_object_is_invalid(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for body in ["[]", "[{}]", "null", "42", "\"x\"", "true"] {
        refused(&acme, 400, "invalid_body", |_| body.as_bytes().to_vec()).await;
    }
}

async fn fields_of_the_wrong_type_are_rejected_s170(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        let good = operation.body.as_object().cloned().unwrap_or_default();
        let wrong: Value = good.iter().map(|(name, value)| (name.clone(), wrong_for(value))).collect();
        let mut expected: Vec<String> = good.keys().map(|name| format!("/{name}")).collect();
        expected.sort();
        let answer = operation.send(&acme, wrong.to_string()).await;
        assert_eq!(answer.faults(), expected, "{}", operation.path);
    }
}

async fn missing_required_fields_are_reported(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    let required: [&[&str]; 20] = [
        &["/email", "/password"],
        &["/email", "/password"],
        &["/email"],
        &["/name"],
        &["", "/role"],
        &["/role"],
        &["/name"],
        &[],
        &[],
        &["/key"],
        &["/keys"],
        &["/sku"],
        &[],
        &["/new_password"],
        &["/settings"],
        &["/data"],
        &["/data"],
        &["/data"],
        &["/data"],
        &["/password"],
    ];
    for (operation, required) in operations(&acme, &member).iter().zip(required) {
        let answer = operation.send(&acme, "{}").await;
        if required.is_empty() {
            assert!([200, 201, 202, 204].contains(&answer.status), "{}: {}", operation.path, answer.text());
        } else {
            assert_eq!(answer.faults(), required, "{}", operation.path);
        }
    }
}

async fn nul_characters_are_rejected_s171(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let item = json!({"sku": "s", "metadata": {"a": ["\u{0}"]}});
    assert_eq!(acme.owner.post(&acme.inventory(), &item).await.faults(), ["/metadata/a/0"]);
    refused(&acme, 400, "malformed_json", |operation| operation.with("\"x\":\"\u{0}\"").into_bytes()).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        for (name, value) in operation.body.as_object().into_iter().flatten().filter(|(_, value)| value.is_string()) {
            let mut body = operation.body.clone();
            body[name] = json!(format!("{}\u{0}", value.as_str().unwrap_or_default()));
            let answer = operation.send(&acme, body.to_string()).await;
            assert_eq!(answer.faults(), [format!("/{name}")], "{}", operation.path);
        }
    }
}

async fn lone_surrogates_are_malformed(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for text in [r"\ud800", r"\udc00", r"\udc00\ud800", r"\ud800x", r"\ud83d\u0041"] {
        refused(&acme, 400, "malformed_json", |operation| operation.with(&format!("\"x\":\"{text}\"")).into_bytes())
            .await;
    }
}

async fn invalid_utf_8_is_malformed(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for bytes in [b"\xff".as_slice(), b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
        let body = [b"{\"x\":\"".as_slice(), bytes, b"\"}"].concat();
        refused(&acme, 400, "malformed_json", |_| body.clone()).await;
    }
}

async fn duplicate_members_are_rejected_s168(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        let (name, value) =
            operation.body.as_object().and_then(|body| body.iter().next()).unwrap_or_else(|| panic!("no field"));
        let twice = operation.with(&format!("\"{name}\":{value}"));
        let answer = operation.send(&acme, twice).await;
        assert_eq!(answer.faults(), [format!("/{name}")], "{}", operation.path);
        let deep = operation.send(&acme, operation.with(r#""x":[{"a":1,"\u0061":2}]"#)).await;
        assert_eq!(deep.faults(), ["/x/0/a"], "{}", operation.path);
    }
}

async fn a_body_nested_too_deeply_is_rejected_s167(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for levels in [64, 1000, 30_000] {
        refused(&acme, 400, "invalid_body", |operation| {
            operation.with(&format!("\"x\":{}", nested(levels))).into_bytes()
        })
        .await;
    }
    refused(&acme, 400, "invalid_body", |_| format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65)).into_bytes()).await;
}

async fn values_of_unknown_fields_are_ignored(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for held in [r#""\u0000""#, "123456789012345678901234567890", "[1e308]", "{\"\":null}"] {
        let member = Person::register(&acme.api()).await;
        for operation in operations(&acme, &member) {
            let answer = operation.send(&acme, operation.with(&format!("\"x\":{held}"))).await;
            assert!([200, 201, 202, 204].contains(&answer.status), "{} {held}: {}", operation.path, answer.text());
        }
    }
}

async fn sixty_four_levels_are_accepted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        let answer = operation.send(&acme, operation.with(&format!("\"x\":{}", nested(63)))).await;
        assert!([200, 201, 202, 204].contains(&answer.status), "{}: {}", operation.path, answer.text());
    }
}

async fn a_body_over_the_limit_returns_413_s166(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    refused(&acme, 413, "body_too_large", |operation| {
        let body = operation.body.to_string();
        format!("{body}{}", " ".repeat(2 * 1024 * 1024 - body.len())).into_bytes()
    })
    .await;
}

async fn a_body_has_at_most_64_kib(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let padded = |bytes: usize| format!("{}{}", r#"{"key":"x"}"#, " ".repeat(bytes - 11)).into_bytes();
    for (bytes, status) in [(64 * 1024, 200), (64 * 1024 + 1, 413)] {
        let request = json_request("POST", "/api/v1/apikeys/verify", &padded(bytes));
        assert_eq!(status_of(&exchange(acme.service.node.authority(), &request).await), status);
    }
}

async fn a_chunked_body_is_counted_too(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let head = "POST /api/v1/apikeys/verify HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
                Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 64 * 1024, " ".repeat(64 * 1024));
    let endless = [head.to_owned(), chunk.repeat(32), "0\r\n\r\n".to_owned()].concat();
    let answer = exchange(acme.service.node.authority(), endless.as_bytes()).await;
    assert_eq!(status_of(&answer), 413, "{answer}");
    assert!(answer.contains("\"body_too_large\""), "{answer}");
}

async fn another_content_type_is_415(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    let wrong = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/xml",
        "json",
        "",
        "application/json; charset=utf-16",
        "application/jsonp",
        "text/json",
    ];
    for operation in operations(&acme, &member) {
        for kind in wrong {
            let request = acme.owner.request(operation.method.clone(), &operation.path).header("Content-Type", kind);
            let answer = send(request.body(operation.body.to_string())).await;
            answer.problem(415, "unsupported_media_type");
        }
        let bare = acme.owner.request(operation.method.clone(), &operation.path);
        send(bare.body(operation.body.to_string())).await.problem(415, "unsupported_media_type");
    }
}

async fn a_compressed_body_is_415(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        let request = acme.owner.request(operation.method.clone(), &operation.path).header("Content-Encoding", "gzip");
        send(request.json(&operation.body)).await.problem(415, "unsupported_media_type");
    }
}

async fn json_may_name_its_charset_and_start_with_whitespace(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    for operation in operations(&acme, &member) {
        let request = acme.owner.request(operation.method.clone(), &operation.path);
        let request = request.header("Content-Type", "application/json; charset=UTF-8");
        let answer = send(request.body(format!(" \r\n\t{} ", operation.body))).await;
        assert!([200, 201, 202, 204].contains(&answer.status), "{}: {}", operation.path, answer.text());
    }
}

async fn integers_out_of_range_are_reported(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (items, keys) = (acme.inventory(), format!("/apps/{}/apikeys", acme.app));
    let huge =
        ["9007199254740992", "-9007199254740992", "18446744073709551616", "1e308", "123456789012345678901234567890"];
    for number in huge {
        for (path, body, place) in [
            (&items, format!("{{\"sku\":\"s\",\"quantity\":{number}}}"), "/quantity"),
            (&items, format!("{{\"sku\":\"s\",\"metadata\":{{\"a\":[{number}]}}}}"), "/metadata/a/0"),
            (&keys, format!("{{\"expires_in_days\":{number}}}"), "/expires_in_days"),
        ] {
            let operation = Operation { method: Method::POST, path: format!("{BASE}{path}"), body: Value::Null };
            assert_eq!(operation.send(&acme, body).await.faults(), [place], "{number}");
        }
    }
}

async fn every_field_error_has_its_position(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"sku": "", "name": "x".repeat(201), "description": 1, "quantity": -1, "metadata": []});
    let answer = acme.owner.post(&acme.inventory(), &body).await;
    assert_eq!(answer.faults(), ["/description", "/metadata", "/name", "/quantity", "/sku"]);
    let body = json!({"permissions": ["no", "event:record", 1], "expires_in_days": "x", "restrict_permissions": 0});
    let answer = acme.owner.post(&format!("/apps/{}/apikeys", acme.app), &body).await;
    assert_eq!(answer.faults(), ["/expires_in_days", "/permissions/0", "/permissions/2", "/restrict_permissions"]);
}

async fn error_responses_reveal_no_internals_s193(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = Person::register(&acme.api()).await;
    let bad = ["{", "[]", "{\"x\":\"\\ud800\"}", "{\"email\":1,\"name\":[],\"sku\":{},\"key\":0,\"role\":7}"];
    for (operation, body) in operations(&acme, &member).iter().flat_map(|operation| bad.map(|body| (operation, body))) {
        let text = operation.send(&acme, body).await.text().to_lowercase();
        for word in ["serde", "actix", "diesel", "sqlite", "postgres", "panicked", ".rs", "rustc", "select ", "0.1.0"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

/// A value of another type.
fn wrong_for(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Object(_) => json!([1]),
        Value::Number(_) | Value::Bool(_) => json!("x"),
        Value::Array(_) | Value::Null => json!({"a": 1}),
    }
}
