//! Fields of a resource that an operation cannot set are rejected, not ignored.

use std::collections::BTreeSet;

use actix_web::{http::Method, test::TestRequest};
use serde_json::{Map, Value, json};
use tessera_testkit::expectations::{parsed, some};

use crate::support::{TestApp, TestServer, WithCredentials, document, faults, get, post, put};

/// An operation that writes a resource, and the members of the resource that its request does not have.
struct Write {
    method: Method,
    path: String,
    read_only: BTreeSet<String>,
}

/// Follows the reference of a schema.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => some(document.pointer(some(reference.strip_prefix('#')))),
        None => schema,
    }
}

/// The members of an object, or of all alternatives of one.
fn members(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolved(document, schema);
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let properties = schema["properties"].as_object().into_iter().flat_map(Map::keys).cloned();
    properties.chain(alternatives.flat_map(|one| members(document, one))).collect()
}

/// The schema of the resource in the response. The responses to a new API key and a new passkey, and the envelope of the
/// B3OS API, wrap the resource.
fn resource<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let view = resolved(document, schema);
    let wrapped = ["api_key_details", "passkey", "data"].map(|name| &view["properties"][name]);
    let enveloped = view["properties"]["requestId"].is_object();
    match wrapped {
        [details, ..] if !details.is_null() => details,
        [_, passkey, _] if !passkey.is_null() => passkey,
        [.., data] if enveloped => data,
        _ => view,
    }
}

/// The operations that create or change a resource and return it: a 201, or a PUT or PATCH with a body in its 200.
fn writes(document: &Value) -> Vec<Write> {
    let mut writes = Vec::new();
    for (path, item) in some(document["paths"].as_object()) {
        for (method, operation) in some(item.as_object()) {
            let responses = &operation["responses"];
            let enveloped = path.starts_with("/v1/").then(|| &responses["200"]);
            let changed = matches!(method.as_str(), "put" | "patch").then(|| &responses["200"]);
            let response = [Some(&responses["201"]), changed, enveloped]
                .into_iter()
                .flatten()
                .find(|response| !response.is_null());
            let request = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let (Some(response), false) = (response, request.is_null()) {
                let view = resource(document, &response["content"]["application/json"]["schema"]);
                let read_only = &members(document, view) - &members(document, request);
                writes.push(Write { method: parsed(&method.to_uppercase()), path: path.clone(), read_only });
            }
        }
    }
    writes
}

#[actix_web::test]
async fn every_field_that_an_operation_cannot_set_is_rejected() {
    let TestApp { server, token, organization, application } = TestApp::new().await;
    let document = document();
    let writes = writes(&document);
    for Write { method, path, read_only } in &writes {
        let id = |parameter: &str| if parameter == "{appId}" { application.clone() } else { organization.clone() };
        let parts = path.split('/').map(|part| if part.starts_with('{') { id(part) } else { part.to_owned() });
        let uri = parts.collect::<Vec<_>>().join("/");
        assert!(!read_only.is_empty(), "{method} {path}");
        for value in [json!(null), json!("x"), json!({ "\u{0}": 1 })] {
            let body: Value = read_only.iter().map(|name| (name.clone(), value.clone())).collect();
            let request = TestRequest::with_uri(&uri).method(method.clone()).set_json(body).bearer(&token);
            let answer = server.send(request).await;
            assert_eq!(answer.status, 400, "{method} {path}: {}", answer.json());
            let problem = if path.starts_with("/v1/") { answer.json() } else { answer.problem(400, "invalid_body") };
            let rejected = faults(&problem).into_iter().filter(|(_, code)| code == "read_only");
            let rejected: BTreeSet<String> = rejected.map(|(pointer, _)| pointer[1..].to_owned()).collect();
            assert_eq!(&rejected, read_only, "{method} {path}");
        }
    }
    let count = |method: Method| writes.iter().filter(|write| write.method == method).count();
    assert_eq!([count(Method::PUT), count(Method::PATCH), count(Method::POST)], [7, 4, 13]);
}

/// The text says what to do, and the user did not change.
#[actix_web::test]
async fn a_profile_cannot_change_its_address() {
    let TestApp { server, token, .. } = TestApp::new().await;
    let body = json!({ "email": "new@example.com", "first_name": "Ada" });
    let problem = server.send(put("/users/me").set_json(body).bearer(&token)).await.problem(400, "invalid_body");
    let detail = "cannot be set by this operation; send the body without it";
    assert_eq!(problem["errors"], json!([{ "pointer": "/email", "code": "read_only", "detail": detail }]));
    let me = server.send(get("/users/me").bearer(&token)).await.expecting(200);
    assert_eq!([&me["email"], &me["first_name"]], [&json!("ada@example.com"), &json!(null)]);
}

#[actix_web::test]
async fn a_resource_cannot_be_sent_back_as_it_was_read() {
    let TestApp { server, token, application, .. } = TestApp::new().await;
    let path = format!("/apps/{application}");
    let read = server.send(get(&path).bearer(&token)).await.expecting(200);
    let problem = server.send(put(&path).set_json(read).bearer(&token)).await.problem(400, "invalid_body");
    let rejected: BTreeSet<(String, String)> = faults(&problem).into_iter().collect();
    let expected = ["/id", "/organization_id", "/created_at", "/updated_at"];
    assert_eq!(rejected, expected.map(|pointer| (pointer.to_owned(), "read_only".to_owned())).into());
}

#[actix_web::test]
async fn an_operation_that_writes_no_resource_has_no_read_only_fields() {
    let server = TestServer::new();
    server.sign_up("ada").await;
    let body = json!({ "email": "ada@example.com", "password": "x", "id": 1, "user": {}, "token": "x" });
    server.send(post("/auth/login").set_json(body)).await.problem(401, "invalid_credentials");
}
