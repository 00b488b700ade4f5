//! Verification of keys by other services: batches, explanations and faults.

use serde_json::{Value, json};
use tessera_tests::{
    api::Api,
    database::Backend,
    on_both, on_sqlite,
    process::Installation,
    test_org::{Person, TestOrg},
};

use super::management::{change, code_of, faults, path};

on_both! {
    keys_are_verified_in_batches
    an_administrator_sees_every_check
}

on_sqlite! {
    every_fault_of_a_verification_is_named
    unknown_keys_are_limited_for_each_network
}

async fn keys_are_verified_in_batches(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (good, bad) = (acme.key().await, acme.key().await);
    acme.owner.delete(&path(&bad)).await.is(204);
    let body = json!({
        "permissions": ["inventory:read"], "restrict_permissions": true, "remaining_uses": 10,
    });
    let reader = acme.owner.make_key(&acme.app, &body).await;
    let keys = json!([
        {"key": good.raw},
        {"key": "none"},
        {"key": bad.raw},
        {"key": reader.raw, "permission": "inventory:read", "permissions": ["inventory:write"]},
        {"key": reader.raw, "permissions": ["inventory:read"]},
        {"key": format!(" {} ", good.raw)},
    ]);
    let answer = acme.api().post("/apikeys/verify", &json!({"keys": keys, "cost": 4})).await.expecting(200);
    let results = answer["results"].as_array().unwrap_or_else(|| panic!("{answer}"));
    let codes: Vec<&str> = results.iter().filter_map(|result| result["code"].as_str()).collect();
    assert_eq!(codes, ["valid", "not_found", "revoked", "insufficient_permissions", "valid", "valid"]);
    // Only the valid use was charged.
    assert_eq!(results[4]["remaining_uses"], 6);
    assert_eq!((&results[0]["cache_seconds"], &results[4]["cache_seconds"]), (&json!(1), &json!(0)));
    let single = acme.api().post("/apikeys/verify", &json!({"key": good.raw})).await.expecting(200);
    assert_eq!(single, results[0]);
    let hundred = json!({"keys": vec![json!({"key": good.raw}); 100]});
    let answer = acme.api().post("/apikeys/verify", &hundred).await.expecting(200);
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(100));
}

async fn an_administrator_sees_every_check(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, member) = (acme.add_member("admin").await, acme.add_member("member").await);
    let stranger = Person::register(&acme.api()).await;
    let key = acme.key().await;
    change(&acme.owner, &key, &json!({"allowed_ips": ["203.0.113.7"]})).await.is(200);
    let ask = async |by: &Api| {
        let body = json!({"key": key.raw, "permission": "inventory:read"});
        by.post("/apikeys/verify?explain=true", &body).await
    };
    let seen = ask(&admin).await.expecting(200);
    let checks: Vec<String> = seen["checks"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|check| format!("{} {}", check["name"].as_str().unwrap_or(""), check["outcome"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(
        checks,
        [
            "revoked passed",
            "expired passed",
            "enabled passed",
            "owner passed",
            "permissions passed",
            "ip failed",
            "limits skipped",
            "remaining_uses skipped",
        ]
    );
    assert_eq!(seen["checks"][5]["detail"], "no address is stated; allowed are 203.0.113.7");
    let limits = json!([{"name": "a", "requests": 1, "window_seconds": 2_592_000}]);
    change(&acme.owner, &key, &json!({"allowed_ips": [], "limits": limits})).await.is(200);
    ask(&admin).await.is(200);
    let limit = &ask(&admin).await.expecting(200)["checks"][6];
    let expected = ("failed", "the limit of 1 in 2592000 seconds does not admit this use");
    assert_eq!((limit["outcome"].as_str(), limit["detail"].as_str()), (Some(expected.0), Some(expected.1)));
    for other in [&member, &stranger] {
        assert!(ask(other).await.expecting(200).get("checks").is_none());
    }
    ask(&acme.api()).await.problem(401, "authentication_required");
    ask(&acme.api().bearer("x.y.z")).await.problem(401, "invalid_token");
    // Without the parameter, credentials are not read.
    let plain = acme.api().bearer("x.y.z").post("/apikeys/verify?explain=false", &json!({"key": key.raw})).await;
    assert!(plain.expecting(200).get("checks").is_none());
    acme.api().post("/apikeys/verify?explain=yes", &json!({"key": key.raw})).await.problem(400, "invalid_query");
    let account = acme.service_account(&["api_keys:read"]).await;
    let manager = acme.api().key(&acme.account_key(&account, "read").await.raw);
    assert!(ask(&manager).await.expecting(200)["checks"].is_array());
}

async fn every_fault_of_a_verification_is_named(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let many: Vec<String> = (0..51).map(|number| format!("a:b{number}")).collect();
    let key = json!({"key": "k"});
    for (body, expected) in [
        (json!({}), vec!["/key required"]),
        (json!({"key": "k", "keys": [key]}), vec![" conflicting"]),
        (json!({"key": "k", "keys": [7]}), vec![" conflicting", "/keys/0 invalid_type"]),
        (json!({"keys": []}), vec!["/keys too_short"]),
        (json!({"keys": vec![key.clone(); 101]}), vec!["/keys too_long"]),
        (json!({"keys": "k"}), vec!["/keys invalid_type"]),
        (
            json!({"keys": [{}, 7, {"key": 7, "permission": "A", "permissions": ["a:b", "a:b", 1]}]}),
            vec![
                "/keys/0/key required",
                "/keys/1 invalid_type",
                "/keys/2/key invalid_type",
                "/keys/2/permission invalid_format",
                "/keys/2/permissions/1 duplicate",
                "/keys/2/permissions/2 invalid_type",
            ],
        ),
        (
            json!({"keys": [key], "permission": "a:b", "permissions": []}),
            vec!["/permission conflicting", "/permissions conflicting"],
        ),
        (json!({"key": "k", "permissions": many}), vec!["/permissions too_long"]),
        (json!({"key": "k", "cost": -1, "ip": "host"}), vec!["/cost out_of_range", "/ip invalid_format"]),
        (json!({"key": "k", "cost": 1_000_001, "ip": 7}), vec!["/cost out_of_range", "/ip invalid_type"]),
        (json!({"key": "k", "cost": 1.5, "ip": "192.0.2.1:80"}), vec!["/cost invalid_type", "/ip invalid_format"]),
    ] {
        let answer = acme.api().post("/apikeys/verify", &body).await;
        assert_eq!(faults(&answer), expected, "{body}");
    }
    for body in [
        json!({"key": "k", "cost": 0}),
        json!({"key": "k", "cost": 1_000_000, "permission": null, "permissions": null, "keys": null, "ip": null}),
        json!({"keys": [key], "key": null, "ip": "::1"}),
    ] {
        acme.api().post("/apikeys/verify", &body).await.is(200);
    }
}

async fn unknown_keys_are_limited_for_each_network(backend: Backend) {
    let installation = Installation::new(backend).await.with_default_limits();
    let acme = TestOrg::open_on(installation).await;
    let key = acme.key().await;
    // Well-formed, and of no key. Its example is in /.well-known/tessera-keys.json.
    let formats = acme.api().get_root("/.well-known/tessera-keys.json").await.expecting(200);
    let unknown = formats["formats"][0]["example"].as_str().unwrap_or_else(|| panic!("{formats}")).to_owned();
    for _ in 0..100 {
        assert_eq!(code_of(&acme.api(), &json!({"key": unknown})).await, "not_found");
    }
    let answer = acme.api().post("/apikeys/verify", &json!({"key": unknown})).await;
    assert_eq!(answer.problem(429, "rate_limited")["limit"], "credential");
    // Malformed and valid keys are not affected.
    assert_eq!(code_of(&acme.api(), &json!({"key": "ask_x"})).await, "not_found");
    let batch = json!({"keys": [{"key": unknown}, {"key": key.raw}, {"key": "x"}]});
    let answer = acme.api().post("/apikeys/verify", &batch).await.expecting(200);
    let codes: Vec<&Value> = answer["results"].as_array().into_iter().flatten().map(|result| &result["code"]).collect();
    assert_eq!(codes, ["rate_limited", "valid", "not_found"]);
}
