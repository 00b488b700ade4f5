//! API keys: format, permissions and lifetime.

use serde_json::{Value, json};
use tessera_apikeys::model::{KeyKind, RawKey};
use tessera_system::SystemEntropy;
use tessera_tests::{
    api::{Credential, send},
    database::Backend,
    on_both, on_sqlite,
    test_org::{Key, TestOrg},
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

const CATALOGUE: [&str; 5] =
    ["event:record", "inventory:read", "inventory:write", "system_data:read", "system_data:write"];

#[track_caller]
fn time_of(value: &Value) -> OffsetDateTime {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    OffsetDateTime::parse(text, &Rfc3339).unwrap_or_else(|error| panic!("{text}: {error}"))
}

async fn made(acme: &TestOrg, body: Value) -> Value {
    let path = format!("/apps/{}/apikeys", acme.app);
    acme.owner.post(&path, &body).await.expecting(201)["api_key_details"].clone()
}

on_both! {
    the_creator_of_a_key_is_taken_from_the_access_token_s140
    an_owners_key_has_all_permissions_unless_restricted
    an_api_key_expires_after_the_given_number_of_days
    an_application_declares_permissions_of_its_keys
}

on_sqlite! {
    an_api_key_has_the_documented_format_and_checksum_s127
    an_api_key_is_shown_only_once_s128
    a_key_value_from_the_client_is_rejected_s130
    unknown_and_duplicate_permissions_are_rejected_s133
    an_administrators_key_holds_what_was_asked_for
    a_verification_checks_the_requested_permission
    each_route_requires_its_exact_permission_s131
    an_invalid_key_is_not_found_and_returns_401
    api_keys_and_access_tokens_do_not_replace_each_other_s142
    of_two_valid_credentials_the_access_token_decides
    the_authorization_header_is_parsed_exactly_s144
    no_credential_is_accepted_in_the_query_string_s51
}

async fn an_api_key_has_the_documented_format_and_checksum_s127(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let Key { raw, .. } = acme.key().await;
    assert!(raw.starts_with("ask_") && raw.len() == 4 + 43 + 6, "{raw}");
    assert!(raw[4..].bytes().all(|b| b.is_ascii_alphanumeric()), "{raw}");
    assert!(raw.parse::<RawKey>().is_ok(), "the checksum is wrong");
    let listed = acme.owner.get(&format!("/apps/{}/apikeys", acme.app)).await.expecting(200);
    assert_eq!(listed[0]["key_prefix"], raw[..8]);
}

async fn an_api_key_is_shown_only_once_s128(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    acme.api().key(&key.raw).get(&acme.inventory()).await.is(200);
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    let list = acme.owner.get(&format!("/apps/{}/apikeys", acme.app)).await.text();
    let verified = acme.verify(&key.raw).await.to_string();
    let refused = acme.api().key(&key.raw).get(&acme.inventory()).await.text();
    for text in [list, verified, refused, acme.service.node.log()] {
        assert!(!text.contains(&key.raw[8..]), "the key leaked");
    }
}

async fn a_key_value_from_the_client_is_rejected_s130(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let wanted = RawKey::generate(KeyKind::Application, &SystemEntropy);
    let body = json!({"key": wanted.expose(), "raw_key": wanted.expose(), "permissions": []});
    let made = acme.owner.post(&format!("/apps/{}/apikeys", acme.app), &body).await;
    assert_eq!(made.faults(), ["/key", "/raw_key"]);
    assert_eq!(acme.verify(wanted.expose()).await["code"], "not_found");
}

async fn the_creator_of_a_key_is_taken_from_the_access_token_s140(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let path = format!("/apps/{}/apikeys", acme.app);
    let claimed = admin.post(&path, &json!({"created_by": acme.owner.id})).await;
    assert_eq!(claimed.faults(), ["/created_by"]);
    let body = json!({"permissions": [], "role": "owner", "user_id": acme.owner.id});
    let made = admin.post(&path, &body).await.expecting(201);
    assert_eq!(made["api_key_details"]["created_by"], json!(admin.id));
    assert_eq!(made["api_key_details"]["permissions"], json!([]), "an owner's rights by a word in the body");
}

async fn unknown_and_duplicate_permissions_are_rejected_s133(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("/apps/{}/apikeys", acme.app);
    let wrong =
        ["goods:ship", "*", "inventory", "inventory:", "inventory:*", "Inventory:read", "inventory:read ", "admin", ""];
    for permission in wrong {
        let body = json!({"permissions": ["event:record", permission]});
        assert_eq!(acme.owner.post(&path, &body).await.faults(), ["/permissions/1"], "{permission}");
    }
    let twice = json!({"permissions": ["event:record", "event:record"]});
    assert_eq!(acme.owner.post(&path, &twice).await.faults(), ["/permissions/1"]);
    assert_eq!(acme.owner.get(&path).await.expecting(200), json!([]));
}

async fn an_owners_key_has_all_permissions_unless_restricted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let asked = json!(["inventory:write", "event:record"]);
    let whole = made(&acme, json!({"permissions": asked})).await;
    assert_eq!(whole["permissions"], json!(CATALOGUE));
    assert_eq!(made(&acme, json!({})).await["permissions"], json!(CATALOGUE));
    let restricted = made(&acme, json!({"permissions": asked, "restrict_permissions": true})).await;
    assert_eq!(restricted["permissions"], json!(["event:record", "inventory:write"]));
    let none = made(&acme, json!({"permissions": [], "restrict_permissions": true})).await;
    assert_eq!(none["permissions"], json!([]));
}

async fn an_application_declares_permissions_of_its_keys(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let app = format!("/apps/{}", acme.app);
    let declared = json!(["goods:count", "goods:ship"]);
    let changed = acme.owner.put(&app, &json!({"permissions": ["goods:ship", "goods:count"]})).await.expecting(200);
    assert_eq!(changed["permissions"], declared);
    acme.owner.put(&app, &json!({"name": "renamed"})).await.is(200);
    assert_eq!(acme.owner.get(&app).await.expecting(200)["permissions"], declared);
    let all = made(&acme, json!({})).await;
    assert_eq!(all["permissions"], json!([&CATALOGUE[..1], &["goods:count", "goods:ship"], &CATALOGUE[1..]].concat()));
    let restricted = json!({"permissions": ["goods:ship"], "restrict_permissions": true});
    let key = acme.owner.make_key(&acme.app, &restricted).await;
    let code = async |permission: &str| {
        let body = json!({"key": key.raw, "permission": permission});
        acme.api().post("/apikeys/verify", &body).await.expecting(200)["code"].clone()
    };
    assert_eq!(
        (code("goods:ship").await, code("goods:count").await),
        (json!("valid"), json!("insufficient_permissions"))
    );
    // The key keeps what the application no longer declares, and a new key does not get it.
    acme.owner.put(&app, &json!({"permissions": []})).await.is(200);
    assert_eq!(code("goods:ship").await, json!("valid"));
    assert_eq!(acme.owner.post(&format!("{app}/apikeys"), &restricted).await.faults(), ["/permissions/0"]);
    let other = acme.owner.make_app(&acme.org).await;
    assert_eq!(acme.owner.post(&format!("/apps/{other}/apikeys"), &restricted).await.faults(), ["/permissions/0"]);
}

async fn an_administrators_key_holds_what_was_asked_for(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let path = format!("/apps/{}/apikeys", acme.app);
    for body in [
        json!({"permissions": ["inventory:read"]}),
        json!({"permissions": ["inventory:read"], "restrict_permissions": true}),
    ] {
        let made = admin.post(&path, &body).await.expecting(201);
        assert_eq!(made["api_key_details"]["permissions"], json!(["inventory:read"]));
        assert_eq!(made["api_key_details"]["created_by"], json!(admin.id));
    }
}

async fn an_api_key_expires_after_the_given_number_of_days(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for days in [1_i64, 30, 365, 3650] {
        let key = made(&acme, json!({"expires_in_days": days})).await;
        let life = time_of(&key["expires_at"]) - time_of(&key["created_at"]);
        assert_eq!(life, Duration::hours(24 * days));
    }
    for forever in [json!({"expires_in_days": 0}), json!({"expires_in_days": null}), json!({})] {
        assert_eq!(made(&acme, forever).await["expires_at"], Value::Null);
    }
    let path = format!("/apps/{}/apikeys", acme.app);
    for wrong in [json!(-1), json!(3651), json!(1.5), json!("1"), json!(4_294_967_297_i64), json!(65_537)] {
        let answer = acme.owner.post(&path, &json!({"expires_in_days": wrong})).await;
        assert_eq!(answer.faults(), ["/expires_in_days"], "{wrong}");
    }
}

async fn a_verification_checks_the_requested_permission(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"permissions": ["inventory:read"], "restrict_permissions": true});
    let key = acme.owner.make_key(&acme.app, &body).await;
    let ask = async |permission: Value| {
        let body = json!({"key": key.raw, "permission": permission});
        acme.api().post("/apikeys/verify", &body).await.expecting(200)
    };
    assert_eq!(ask(json!("inventory:read")).await["code"], "valid");
    assert_eq!(ask(Value::Null).await["code"], "valid");
    let denied = ask(json!("event:record")).await;
    assert_eq!((&denied["code"], &denied["valid"]), (&json!("insufficient_permissions"), &json!(false)));
    let unknown = acme.api().post("/apikeys/verify", &json!({"key": key.raw, "permission": "event:*"})).await;
    assert_eq!(unknown.faults(), ["/permission"]);
}

async fn each_route_requires_its_exact_permission_s131(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let only = async |permission: &str| {
        let body = json!({"permissions": [permission], "restrict_permissions": true});
        acme.api().key(&acme.owner.make_key(&acme.app, &body).await.raw)
    };
    let (reader, writer, other) =
        (only("inventory:read").await, only("inventory:write").await, only("event:record").await);
    let item = json!({"sku": "s"});
    reader.get(&acme.inventory()).await.is(200);
    reader.post(&acme.inventory(), &item).await.problem(403, "forbidden");
    writer.post(&acme.inventory(), &item).await.is(201);
    writer.get(&acme.inventory()).await.problem(403, "forbidden");
    other.get(&acme.inventory()).await.problem(403, "forbidden");
    other.post(&acme.inventory(), &item).await.problem(403, "forbidden");
}

async fn an_invalid_key_is_not_found_and_returns_401(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let good = acme.key().await.raw;
    let unknown = RawKey::generate(KeyKind::Application, &SystemEntropy).expose().to_owned();
    let swapped = format!("{}{}", &good[..47], &unknown[47..]);
    let lower = good.to_lowercase();
    for bad in [unknown.as_str(), swapped.as_str(), &lower, &good[..52], &format!("{good}0"), "ask_", "x"] {
        assert_eq!(acme.verify(bad).await["code"], "not_found", "{bad}");
        acme.api().key(bad).get(&acme.inventory()).await.problem(401, "invalid_token");
        acme.api().bearer(bad).get(&acme.inventory()).await.problem(401, "invalid_token");
    }
}

async fn api_keys_and_access_tokens_do_not_replace_each_other_s142(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await.raw;
    acme.api().bearer(&key).get("/users/me").await.problem(403, "user_token_required");
    acme.api().key(&key).get("/users/me").await.problem(403, "user_token_required");
    // An access token is not an API key.
    acme.api().key(&acme.owner.token).get(&acme.inventory()).await.problem(401, "invalid_token");
    assert_eq!(acme.verify(&acme.owner.token).await["code"], "not_found");
}

async fn of_two_valid_credentials_the_access_token_decides(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (key, member) = (acme.key().await.raw, acme.add_member("member").await);
    let with = async |token: &str, key: &str| {
        let caller = acme.api().with(Credential::Bearer(token.to_owned()));
        let path = format!("/api/v1{}", acme.inventory());
        let request = caller.request(reqwest::Method::POST, &path).header("X-API-Key", key);
        send(request.json(&json!({"sku": "s"}))).await
    };
    with(&acme.owner.token, &key).await.is(201);
    with(&member.token, &key).await.problem(403, "forbidden");
    with("bad", &key).await.problem(401, "invalid_token");
    with(&acme.owner.token, "bad").await.problem(401, "invalid_token");
}

async fn the_authorization_header_is_parsed_exactly_s144(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (key, path) = (acme.key().await.raw, format!("/api/v1{}", acme.inventory()));
    let with = async |value: String| {
        let request = acme.api().request(reqwest::Method::GET, &path);
        send(request.header("Authorization", value)).await
    };
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer ", "bearer   "] {
        with(format!("{scheme} {key}")).await.is(200);
        with(format!("{scheme} {key} \t")).await.is(200);
    }
    let wrong = [
        key.clone(),
        format!("Bearer\t{key}"),
        format!("Bearer \t{key}"),
        format!("Basic {key}"),
        "Bearer".to_owned(),
        format!("Bearer {key},{key}"),
        format!("Bearer{key}"),
        format!("Bearer {key} x"),
    ];
    for value in wrong {
        with(value.clone()).await.problem(401, "invalid_token");
    }
    let twice =
        acme.api().bearer(&key).request(reqwest::Method::GET, &path).header("Authorization", format!("Bearer {key}"));
    send(twice).await.problem(401, "invalid_token");
}

async fn no_credential_is_accepted_in_the_query_string_s51(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await.raw;
    for name in ["access_token", "token", "api_key", "key", "X-API-Key"] {
        for secret in [&key, &acme.owner.token] {
            let path = format!("{}?{name}={secret}", acme.inventory());
            acme.api().get(&path).await.problem(401, "authentication_required");
        }
    }
}
