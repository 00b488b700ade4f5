//! Service tokens and the keys that verify them.

use actix_web::test::TestRequest;
use serde_json::json;

use crate::support::{AUDIENCE, TestServer, WithCredentials as _, faults, post, text};

fn jwks() -> TestRequest {
    TestRequest::get().uri("/.well-known/jwks.json")
}

/// A service with a signing key, the token of a user, and the id of an organization.
async fn server() -> (TestServer, String, String) {
    let server = TestServer::new();
    server.maintain_signing_keys().await;
    let token = server.sign_up("ada").await;
    let organization = server.create_org(&token).await;
    (server, token, organization)
}

fn exchange(token: &str, organization: &str, audience: &str) -> TestRequest {
    let body = json!({ "organization_id": organization, "audience": audience });
    post("/auth/token/exchange").set_json(body).bearer(token)
}

#[actix_web::test]
async fn a_user_token_is_exchanged() {
    let (server, token, organization) = server().await;
    let application = server.launch(&token, &organization).await;
    for audience in [AUDIENCE, &application] {
        let answer = server.send(exchange(&token, &organization, audience)).await;
        let exchanged = answer.expecting(200);
        assert!(text(&exchanged["service_token"]).starts_with("service-token-"), "{exchanged}");
        assert_eq!((&exchanged["token_type"], &exchanged["expires_in"]), (&json!("Bearer"), &json!(300)));
        assert_eq!(exchanged.as_object().map(serde_json::Map::len), Some(3));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[actix_web::test]
async fn rejected_exchanges_have_the_same_response_s81() {
    let (server, token, organization) = server().await;
    let stranger = server.sign_up("bob").await;
    let other = server.create_org(&stranger).await;
    let nowhere = "01890a5d-ac96-774b-bcce-b302099a8057";
    let one = server.send(exchange(&token, &other, AUDIENCE)).await.problem(403, "exchange_denied");
    let two = server.send(exchange(&token, nowhere, "urn:unknown")).await.problem(403, "exchange_denied");
    assert_eq!((&one["title"], &one["detail"]), (&two["title"], &two["detail"]));
    server.send(exchange(&token, &organization, "urn:unknown")).await.problem(400, "invalid_target");
    let foreign = server.launch(&stranger, &other).await;
    server.send(exchange(&token, &organization, &foreign)).await.problem(400, "invalid_target");
}

#[actix_web::test]
async fn an_exchange_returns_every_field_error_s76() {
    let (server, token, organization) = server().await;
    let ask = async |body: serde_json::Value| {
        let request = post("/auth/token/exchange").set_json(body).bearer(&token);
        faults(&server.send(request).await.problem(400, "invalid_body"))
    };
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(ask(json!({})).await, [fault("/organization_id", "required"), fault("/audience", "required")]);
    let wrong = json!({ "organization_id": "x", "audience": 1 });
    assert_eq!(ask(wrong).await, [fault("/organization_id", "invalid_format"), fault("/audience", "invalid_type")]);
    for (audience, code) in [
        ("", "too_short"),
        (&*"a".repeat(201), "too_long"),
        ("a\nb", "forbidden_character"),
        ("a b:c", "invalid_format"),
    ] {
        let body = json!({ "organization_id": organization, "audience": audience });
        assert_eq!(ask(body).await, [fault("/audience", code)]);
    }
}

#[actix_web::test]
async fn only_users_exchange_a_token() {
    let (server, token, organization) = server().await;
    let application = server.launch(&token, &organization).await;
    let key = server.key(&token, &application).await;
    server.send(exchange(&key, &organization, AUDIENCE)).await.problem(403, "user_token_required");
    server.send(exchange("unknown", &organization, AUDIENCE)).await.problem(401, "invalid_token");
    let anonymous = post("/auth/token/exchange").set_json(json!({}));
    server.send(anonymous).await.problem(401, "authentication_required");
}

#[actix_web::test]
async fn published_keys_contain_only_what_verifiers_need_s71() {
    let (server, ..) = server().await;
    let answer = server.send(jwks()).await;
    let key = json!({
        "kty": "RSA", "n": "modulus-1", "e": "AQAB", "kid": "key-1", "use": "sig", "alg": "RS256"
    });
    assert_eq!(answer.expecting(200), json!({ "keys": [key] }));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[actix_web::test]
async fn published_keys_can_be_cached_for_5_minutes_s75() {
    let (server, ..) = server().await;
    let answer = server.send(jwks()).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let tag = answer.header("etag").unwrap_or_default().to_owned();
    assert_eq!(tag, "\"key-1\"");
    for seen in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
        let known = server.send(jwks().insert_header(("If-None-Match", seen))).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
        assert_eq!(known.header("etag"), Some(tag.as_str()));
        assert_eq!(known.header("cache-control"), Some("public, max-age=300"));
    }
    server.rotate_keys().await;
    let changed = server.send(jwks().insert_header(("If-None-Match", tag))).await;
    assert_eq!(changed.expecting(200)["keys"].as_array().map(Vec::len), Some(2));
    assert_eq!(changed.header("etag"), Some("\"key-1.key-2\""));
    for nonsense in ["key-1", "\"", ""] {
        server.send(jwks().insert_header(("If-None-Match", nonsense))).await.expecting(200);
    }
}
