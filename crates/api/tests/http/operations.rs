//! Successful responses of the operations, and the mapping of domain errors.

use serde_json::json;
use tessera_kernel::{Namespace, WalletSignature};
use tessera_sso::model::CodeVerifier;

use crate::support::{PASSWORD, TestApp, TestServer, WithCredentials, delete, get, post, put, text};

#[actix_web::test]
async fn a_user_is_shown_with_every_field() {
    let server = TestServer::new();
    let body = json!({ "email": " Ada@Example.com ", "password": PASSWORD, "first_name": null });
    let answer = server.send(post("/auth/register").set_json(body.clone())).await;
    let mut user = answer.expecting(201);
    assert_eq!(answer.header("location"), Some("http://localhost:8080/api/v1/users/me"));
    let id = user["id"].take();
    assert!(id.is_string());
    let expected = json!({
        "id": null, "email": "Ada@Example.com", "email_verified": false, "display_name": null, "first_name": null,
        "last_name": null, "avatar_url": null, "wallets": [], "profile_complete": false,
        "created_at": "2025-03-14T15:09:26Z", "updated_at": "2025-03-14T15:09:26Z",
    });
    assert_eq!(user, expected);
    server.send(post("/auth/register").set_json(body)).await.problem(409, "email_taken");
}

#[actix_web::test]
async fn a_login_returns_a_token_and_its_expiry() {
    let server = TestServer::new();
    server.sign_up("ada").await;
    let body = json!({ "email": "ADA@example.com", "password": PASSWORD });
    let login = server.send(post("/auth/login").set_json(body)).await.expecting(200);
    assert_eq!(login["token_type"], "Bearer");
    assert_eq!(login["expires_at"], "2025-03-15T03:09:26Z");
    let me = server.send(get("/users/me").bearer(&text(&login["token"]))).await.expecting(200);
    assert_eq!(me, login["user"]);
}

#[actix_web::test]
async fn a_failed_login_returns_401_and_a_busy_one_503() {
    let server = TestServer::new();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = server.send(post("/auth/login").set_json(body.clone())).await;
    answer.problem(401, "invalid_credentials");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    server.hasher.become_busy();
    let answer = server.send(post("/auth/login").set_json(body)).await;
    answer.problem(503, "busy");
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s > 0)));
}

#[actix_web::test]
async fn a_session_expires_after_12_hours() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    server.clock.advance(time::Duration::hours(12));
    server.send(get("/users/me").bearer(&token)).await.problem(401, "invalid_token");
}

#[actix_web::test]
async fn organizations_and_members_can_be_created_and_removed() {
    let server = TestServer::new();
    let (ada, bob) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let made = server.send(post("/orgs").set_json(json!({ "name": "Werke", "slug": "werke" })).bearer(&ada)).await;
    let organization = made.expecting(201);
    let id = text(&organization["id"]);
    assert_eq!(made.header("location"), Some(format!("http://localhost:8080/api/v1/orgs/{id}").as_str()));
    let again = post("/orgs").set_json(json!({ "name": "W", "slug": "werke" })).bearer(&bob);
    server.send(again).await.problem(409, "slug_taken");
    assert_eq!(server.send(get(&format!("/orgs/{id}")).bearer(&ada)).await.expecting(200), organization);
    server.send(get(&format!("/orgs/{id}")).bearer(&bob)).await.problem(404, "organization_not_found");
    let members = format!("/orgs/{id}/members");
    let bob_id = server.send(get("/users/me").bearer(&bob)).await.expecting(200)["id"].clone();
    let add = |who: serde_json::Value| {
        let mut body = who;
        body["role"] = json!("member");
        post(&members).set_json(body).bearer(&ada)
    };
    // An unverified address does not find a user.
    server.send(add(json!({ "email": "bob@example.com" }))).await.problem(404, "user_not_found");
    let member = server.send(add(json!({ "user_id": bob_id }))).await.expecting(201);
    assert_eq!(member["email"], serde_json::Value::Null);
    server.send(add(json!({ "user_id": bob_id }))).await.problem(409, "already_member");
    let of_bob = format!("{members}/{}", text(&bob_id));
    let mut opened = member;
    (opened["email"], opened["display_name"]) = (json!("bob@example.com"), json!("bob"));
    // Only administrators see who has a second factor.
    opened["mfa_enabled"] = json!(null);
    assert_eq!(server.send(get(&of_bob).bearer(&bob)).await.expecting(200), opened);
    opened["mfa_enabled"] = json!(false);
    assert_eq!(server.send(get(&of_bob).bearer(&ada)).await.expecting(200), opened);
    server.send(put(&of_bob).set_json(json!({ "role": "owner" })).bearer(&bob)).await.problem(403, "forbidden");
    let raised = server.send(put(&of_bob).set_json(json!({ "role": "admin" })).bearer(&ada)).await.expecting(200);
    assert_eq!(raised["role"], "admin");
    server.send(delete(&of_bob).bearer(&bob)).await.expecting(204);
    server.send(get(&of_bob).bearer(&ada)).await.problem(404, "member_not_found");
    let me = server.send(get("/users/me").bearer(&ada)).await.expecting(200);
    let of_ada = format!("{members}/{}", text(&me["id"]));
    server.send(delete(&of_ada).bearer(&ada)).await.problem(409, "last_owner");
}

#[actix_web::test]
async fn an_application_update_keeps_absent_fields() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let organization = server.create_org(&token).await;
    let body = json!({ "name": "Lager", "description": "a\nb", "redirect_uris": ["https://a.example/cb"] });
    let made = server.send(post(&format!("/orgs/{organization}/apps")).set_json(body).bearer(&token)).await;
    let application = made.expecting(201);
    let path = format!("/apps/{}", text(&application["id"]));
    assert_eq!(made.header("location"), Some(format!("http://localhost:8080/api/v1{path}").as_str()));
    let change = |body: serde_json::Value| put(&path).set_json(body).bearer(&token);
    let same = server.send(change(json!({ "name": null }))).await.expecting(200);
    assert_eq!(same, application);
    let bare = server.send(change(json!({ "description": null, "redirect_uris": [] }))).await.expecting(200);
    assert_eq!(
        (&bare["description"], &bare["redirect_uris"], &bare["name"]),
        (&json!(null), &json!([]), &json!("Lager"))
    );
    server.send(delete(&path).bearer(&token)).await.expecting(204);
    server.send(get(&path).bearer(&token)).await.problem(404, "application_not_found");
}

#[actix_web::test]
async fn an_api_key_is_shown_once_and_its_details_later() {
    let TestApp { server, token, organization, application } = TestApp::new().await;
    let path = format!("/apps/{application}/apikeys");
    let body = json!({ "permissions": ["inventory:read"], "restrict_permissions": true, "expires_in_days": 1 });
    let made = server.send(post(&path).set_json(body).bearer(&token)).await.expecting(201);
    let (details, raw) = (&made["api_key_details"], text(&made["raw_key"]));
    assert_eq!(details["permissions"], json!(["inventory:read"]));
    assert_eq!(details["expires_at"], "2025-03-15T15:09:26Z");
    assert_eq!(raw.get(..8), details["key_prefix"].as_str());
    let ask = |permission: serde_json::Value| {
        post("/apikeys/verify").set_json(json!({ "key": raw, "permission": permission }))
    };
    let valid = server.send(ask(json!("inventory:read"))).await.expecting(200);
    let expected = json!({
        "valid": true, "code": "valid", "api_key_id": details["id"], "application_id": application,
        "organization_id": organization, "service_account_id": null, "user_id": null, "permissions": ["inventory:read"],
        "expires_at": "2025-03-15T15:09:26Z", "limits": [], "remaining_uses": null, "cache_seconds": 1,
    });
    assert_eq!(valid, expected);
    let less = server.send(ask(json!("event:record"))).await.expecting(200);
    assert_eq!((&less["valid"], &less["code"]), (&json!(false), &json!("insufficient_permissions")));
    assert_eq!(less["api_key_id"], details["id"]);
    server.send(ask(json!("everything"))).await.problem(400, "invalid_body");
    let revoke = || delete(&format!("/apikeys/{}", text(&details["id"]))).bearer(&token);
    server.send(revoke()).await.expecting(204);
    server.send(revoke()).await.expecting(204);
    assert_eq!(server.send(ask(json!(null))).await.expecting(200)["code"], "revoked");
    let list = server.send(get(&path).bearer(&token)).await;
    assert_eq!(list.expecting(200)[0]["revoked_at"], "2025-03-14T15:09:26Z");
    assert!(!String::from_utf8_lossy(&list.body).contains(&raw));
}

#[actix_web::test]
async fn verification_of_an_unknown_key_returns_no_details() {
    let answer =
        TestServer::new().send(post("/apikeys/verify").set_json(json!({ "key": "ask_x" }))).await.expecting(200);
    let expected = json!({
        "valid": false, "code": "not_found", "api_key_id": null, "application_id": null, "organization_id": null,
        "service_account_id": null, "user_id": null, "permissions": [], "expires_at": null, "limits": [],
        "remaining_uses": null, "cache_seconds": 0,
    });
    assert_eq!(answer, expected);
}

#[actix_web::test]
async fn an_item_is_made_and_then_changed() {
    let TestApp { server, token, application, .. } = TestApp::new().await;
    let key = server.key(&token, &application).await;
    let path = format!("/apps/{application}/inventory");
    let metadata = r#"{"z":1,"a":{"ü":[1.5,null,"A"],"z":[]},"m":100.0}"#;
    let body = format!("{{ \"sku\":\"s\", \"name\":\"n\", \"quantity\":9007199254740991, \"metadata\": {metadata} }}");
    let request = post(&path).insert_header(("Content-Type", "application/json")).set_payload(body);
    let made = server.send(request.api_key(&key)).await;
    let item = made.expecting(201);
    assert_eq!((&item["version"], &item["quantity"]), (&json!(1), &json!(9_007_199_254_740_991_i64)));
    assert!(String::from_utf8_lossy(&made.body).contains(&format!("\"metadata\":{metadata}")), "{item}");
    let change = post(&path).set_json(json!({ "sku": "s", "name": null })).api_key(&key);
    let changed = server.send(change).await.expecting(200);
    assert_eq!((&changed["version"], &changed["name"], &changed["id"]), (&json!(2), &json!(null), &item["id"]));
    assert_eq!((&changed["quantity"], &changed["metadata"]), (&item["quantity"], &item["metadata"]));
    let list = server.send(get(&path).api_key(&key)).await;
    assert!(String::from_utf8_lossy(&list.body).contains(&format!("\"metadata\":{metadata}")));
}

#[actix_web::test]
async fn an_invalid_wallet_signature_is_rejected() {
    let server = TestServer::new();
    let named = json!({ "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "chain_type": "ethereum" });
    let asked = server.send(post("/auth/web3/challenge").set_json(&named)).await.expecting(200);
    assert_eq!(asked["expires_at"], "2025-03-14T15:14:26Z");
    let mut proof = named.clone();
    (proof["signature"], proof["nonce"]) = (json!("0x00"), asked["nonce"].clone());
    let answer = server.send(post("/auth/web3/verify").set_json(&proof)).await;
    answer.problem(401, "invalid_signature");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[actix_web::test]
async fn a_malformed_signature_or_code_verifier_is_a_field_error() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let signature = WalletSignature::parse("0xzz", Namespace::Eip155).err().map(|error| error.to_string());
    let verifier = "short".parse::<CodeVerifier>().err().map(|error| error.to_string());
    let proof = json!({
        "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "chain_type": "ethereum",
        "signature": "0xzz",
        "nonce": "0123456789012345678901",
    });
    let in_application = json!({ "session_id": "0".repeat(32), "message": "x", "signature": "0xzz" });
    let code = json!({ "code": "0".repeat(64), "redirect_uri": "https://game.example/", "code_verifier": "short" });
    for (path, body, pointer, detail) in [
        ("/auth/web3/verify", &proof, "/signature", &signature),
        ("/users/me/wallets", &proof, "/signature", &signature),
        ("/sso/web3/verify", &in_application, "/signature", &signature),
        ("/sso/token", &code, "/code_verifier", &verifier),
    ] {
        let problem = server.send(post(path).set_json(body).bearer(&token)).await.problem(400, "invalid_body");
        let expected = json!([{ "pointer": pointer, "code": "invalid_format", "detail": detail }]);
        assert_eq!(problem["errors"], expected, "{path}");
    }
}

#[actix_web::test]
async fn wallet_changes_require_recent_authentication_s53() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let named = json!({ "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "chain_type": "ethereum" });
    let ask = async || server.send(post("/users/me/wallets/challenge").set_json(&named).bearer(&token)).await;
    let unlink = async || server.send(delete("/users/me/wallets/0x00").bearer(&token)).await;
    ask().await.expecting(200);
    unlink().await.problem(404, "wallet_not_found");
    server.clock.advance(time::Duration::minutes(5));
    ask().await.problem(403, "reauthentication_required");
    let known = "/users/me/wallets/0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    server.send(delete(known).bearer(&token)).await.problem(403, "reauthentication_required");
}

#[actix_web::test]
async fn granting_ownership_requires_recent_authentication_s53() {
    let server = TestServer::new();
    let (owner, other) = (server.sign_up("ada").await, server.sign_up("bob").await);
    let id = |answer: serde_json::Value| answer["id"].as_str().unwrap_or_default().to_owned();
    let org = id(server.send(post("/orgs").set_json(json!({"name": "Guild"})).bearer(&owner)).await.expecting(201));
    let bob = id(server.send(get("/users/me").bearer(&other)).await.expecting(200));
    let add = async |role: &str| {
        let body = json!({"user_id": bob, "role": role});
        server.send(post(&format!("/orgs/{org}/members")).set_json(body).bearer(&owner)).await
    };
    let invite = async |role: &str| {
        let body = json!({"email": "guest@example.com", "role": role});
        server.send(post(&format!("/orgs/{org}/invitations")).set_json(body).bearer(&owner)).await
    };
    let change = async |role: &str| {
        let path = format!("/orgs/{org}/members/{bob}");
        server.send(put(&path).set_json(json!({"role": role})).bearer(&owner)).await
    };
    server.clock.advance(time::Duration::minutes(5));
    add("owner").await.problem(403, "reauthentication_required");
    add("member").await.expecting(201);
    invite("owner").await.problem(403, "reauthentication_required");
    invite("admin").await.expecting(201);
    change("owner").await.problem(403, "reauthentication_required");
    change("admin").await.expecting(200);
}
