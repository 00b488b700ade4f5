//! All field errors of a body are reported, not only the first.

use serde_json::{Value, json};

use crate::support::{TestApp, WithCredentials, faults, post, put};

impl TestApp {
    async fn faults(&self, path: &str, body: Value) -> Vec<(String, String)> {
        let request = path.strip_prefix("PUT ").map_or_else(|| post(path), put);
        let answer = self.server.send(request.set_json(body).bearer(&self.token)).await;
        faults(&answer.problem(400, "invalid_body"))
    }
}

#[track_caller]
fn named(found: &[(String, String)], expected: &[(&str, &str)]) {
    let found: Vec<_> = found.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(found, expected);
}

#[actix_web::test]
async fn a_registration_is_read_to_its_end() {
    let ada = TestApp::new().await;
    let all = json!({ "email": "nobody", "password": "short", "display_name": "", "first_name": 1, "last_name": "a\u{202e}b" });
    let expected = [
        ("/email", "invalid_format"),
        ("/password", "too_short"),
        ("/display_name", "too_short"),
        ("/first_name", "invalid_type"),
        ("/last_name", "forbidden_character"),
    ];
    named(&ada.faults("/auth/register", all).await, &expected);
    named(&ada.faults("/auth/register", json!({})).await, &[("/email", "required"), ("/password", "required")]);
    let null = json!({ "email": null, "password": ["x"] });
    named(&ada.faults("/auth/register", null).await, &[("/email", "invalid_type"), ("/password", "invalid_type")]);
}

#[actix_web::test]
async fn a_weak_password_comes_with_advice() {
    let ada = TestApp::new().await;
    let body = |password: &str| json!({ "email": "bob@example.com", "password": password });
    named(&ada.faults("/auth/register", body("password123")).await, &[("/password", "weak_password")]);
    // Below the configured minimum, but not below the fixed minimum.
    named(&ada.faults("/auth/register", body("ninechars")).await, &[("/password", "too_short")]);
    let answer = ada.server.send(post("/auth/register").set_json(body("password123"))).await.json();
    assert_eq!(answer["errors"][0]["detail"], "this is a very common password; add another word or two");
}

#[actix_web::test]
async fn a_login_takes_any_text_and_only_text() {
    let ada = TestApp::new().await;
    let wrong = json!({ "email": "not an address", "password": "x" });
    ada.server.send(post("/auth/login").set_json(wrong)).await.problem(401, "invalid_credentials");
    let shape = json!({ "email": 1, "password": {} });
    named(&ada.faults("/auth/login", shape).await, &[("/email", "invalid_type"), ("/password", "invalid_type")]);
}

#[actix_web::test]
async fn a_new_member_is_named_in_exactly_one_way() {
    let ada = TestApp::new().await;
    let path = format!("/orgs/{}/members", ada.organization);
    let id = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e";
    let both = json!({ "user_id": id, "email": "bob@example.com", "role": "chief" });
    named(&ada.faults(&path, both).await, &[("", "conflicting"), ("/role", "unknown_value")]);
    named(&ada.faults(&path, json!({})).await, &[("", "required"), ("/role", "required")]);
    let none = json!({ "user_id": null, "email": null, "role": "member" });
    named(&ada.faults(&path, none).await, &[("", "required")]);
    let upper = json!({ "user_id": id.to_uppercase(), "role": "Member" });
    named(&ada.faults(&path, upper).await, &[("/role", "unknown_value")]);
    let upper = json!({ "user_id": id.replace('-', ""), "role": "Member" });
    named(&ada.faults(&path, upper).await, &[("/user_id", "invalid_format"), ("/role", "unknown_value")]);
}

#[actix_web::test]
async fn entries_of_an_array_are_named_one_by_one() {
    let ada = TestApp::new().await;
    let path = format!("/apps/{}/apikeys", ada.application);
    let body = json!({
        "permissions": ["inventory:read", "*", "inventory:read", 7],
        "expires_in_days": 3651, "restrict_permissions": "yes", "description": "a\nb",
    });
    let expected = [
        ("/description", "forbidden_character"),
        ("/expires_in_days", "out_of_range"),
        ("/permissions/1", "invalid_format"),
        ("/permissions/2", "duplicate"),
        ("/permissions/3", "invalid_type"),
        ("/restrict_permissions", "invalid_type"),
    ];
    named(&ada.faults(&path, body).await, &expected);
    let path = format!("PUT /apps/{}", ada.application);
    let uris = ["https://a.example/", "http://a.example/", "javascript:x", "https://a.example/?code=x"];
    let body = json!({ "name": "", "redirect_uris": uris });
    let expected = [
        ("/name", "too_short"),
        ("/redirect_uris/1", "invalid_format"),
        ("/redirect_uris/2", "invalid_format"),
        ("/redirect_uris/3", "invalid_format"),
    ];
    named(&ada.faults(&path, body).await, &expected);
    let many = json!({ "redirect_uris": vec!["https://a.example/"; 21] });
    named(&ada.faults(&path, many).await, &[("/redirect_uris", "too_long")]);
}

#[actix_web::test]
async fn an_item_counts_in_whole_numbers() {
    let ada = TestApp::new().await;
    let path = format!("/apps/{}/inventory", ada.application);
    for (quantity, code) in [
        (json!(-1), "out_of_range"),
        (json!(1.5), "invalid_type"),
        (json!(1.0), "invalid_type"),
        (json!("1"), "invalid_type"),
        (json!([1]), "invalid_type"),
    ] {
        let body = json!({ "sku": "a", "quantity": quantity });
        named(&ada.faults(&path, body).await, &[("/quantity", code)]);
    }
    // A stock keeping unit may contain spaces, but no invisible characters.
    let body = json!({ "sku": "my sku", "quantity": -1 });
    named(&ada.faults(&path, body).await, &[("/quantity", "out_of_range")]);
    let body = json!({ "sku": "my\u{200b}sku" });
    named(&ada.faults(&path, body).await, &[("/sku", "forbidden_character")]);
    let body = json!({ "metadata": [], "name": 1 });
    named(
        &ada.faults(&path, body).await,
        &[("/sku", "required"), ("/name", "invalid_type"), ("/metadata", "invalid_type")],
    );
    let body = json!({ "sku": "a", "metadata": { "x": "y".repeat(16 * 1024) } });
    named(&ada.faults(&path, body).await, &[("/metadata", "too_long")]);
}

#[actix_web::test]
async fn a_chain_id_is_a_whole_number_in_a_range() {
    let ada = TestApp::new().await;
    let wallet = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    for (chain, code) in [
        (json!(-1), "out_of_range"),
        (json!(0), "out_of_range"),
        (json!(9_007_199_254_740_992_u64), "out_of_range"),
        (json!(1.5), "invalid_type"),
        (json!("1"), "invalid_type"),
    ] {
        let body = json!({ "session_id": "0".repeat(32), "wallet_address": wallet, "chain_id": chain });
        named(&ada.faults("/sso/web3/challenge", body).await, &[("/chain_id", code)]);
    }
}
