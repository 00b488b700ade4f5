//! Reading and changes of keys, and what restricts them.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, at_once},
    database::Backend,
    on_both, on_sqlite,
    process::Installation,
    test_org::{Key, Person, TestOrg},
};

on_both! {
    a_key_is_disabled_and_enabled_again
    changes_are_stored_and_audited
    a_key_of_an_organization_is_managed_like_any_other
    a_key_is_used_from_the_allowed_addresses_only
    concurrent_changes_do_not_undo_each_other
    a_restricted_key_grants_nothing_less_restricted
    faults_that_storage_finds_are_named_with_all_others
}

on_sqlite! {
    every_fault_of_a_change_is_named
    a_creation_and_a_change_have_the_same_faults
    the_edges_of_each_range_are_accepted
}

pub(super) fn path(key: &Key) -> String {
    format!("/apikeys/{}", key.id)
}

pub(super) async fn change(by: &Api, key: &Key, body: &Value) -> Answer {
    by.call(Method::PATCH, &format!("/api/v1{}", path(key)), Some(body)).await
}

/// The pointers and codes of the field errors.
pub(super) fn faults(answer: &Answer) -> Vec<String> {
    let problem = answer.problem(400, "invalid_body");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let errors = problem["errors"].as_array().into_iter().flatten();
    errors.map(|fault| format!("{} {}", text(&fault["pointer"]), text(&fault["code"]))).collect()
}

pub(super) async fn code_of(api: &Api, body: &Value) -> Value {
    api.post("/apikeys/verify", body).await.expecting(200)["code"].clone()
}

async fn a_key_is_disabled_and_enabled_again(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let inventory = acme.inventory();
    let user = acme.api().key(&key.raw);
    user.get(&inventory).await.is(200);
    assert_eq!(change(&acme.owner, &key, &json!({"enabled": false})).await.expecting(200)["enabled"], false);
    assert_eq!(acme.verify(&key.raw).await["code"], "disabled");
    let refused = user.get(&inventory).await.problem(401, "invalid_token");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("is disabled")), "{refused}");
    assert_eq!(change(&acme.owner, &key, &json!({"enabled": true})).await.expecting(200)["enabled"], true);
    assert_eq!(acme.verify(&key.raw).await["code"], "valid");
    user.get(&inventory).await.is(200);
    acme.owner.delete(&path(&key)).await.is(204);
    change(&acme.owner, &key, &json!({"enabled": true})).await.problem(409, "api_key_revoked");
    assert!(acme.owner.get(&path(&key)).await.expecting(200)["revoked_at"].is_string());
}

async fn changes_are_stored_and_audited(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let limits = json!([{"name": "burst", "requests": 5, "window_seconds": 1}]);
    let body = json!({
        "description": "new", "permissions": ["event:record"], "limits": limits, "remaining_uses": 7,
        "refill": {"amount": 9, "interval": "month"}, "allowed_ips": ["192.0.2.0/24", "2001:DB8::/32"],
    });
    let changed = change(&acme.owner, &key, &body).await.expecting(200);
    for member in ["description", "permissions", "limits", "remaining_uses", "refill"] {
        assert_eq!(changed[member], body[member], "{member}");
    }
    assert_eq!(changed["allowed_ips"], json!(["192.0.2.0/24", "2001:db8::/32"]));
    assert_eq!(acme.owner.get(&path(&key)).await.expecting(200), changed);
    let list = acme.owner.get(&format!("/apps/{}/apikeys", acme.app)).await.expecting(200);
    assert!(list.as_array().is_some_and(|keys| keys.contains(&changed)), "{list}");
    // Absent members stay, and null removes.
    let cleared = json!({"description": null, "remaining_uses": null, "limits": [], "allowed_ips": []});
    let cleared = change(&acme.owner, &key, &cleared).await.expecting(200);
    assert_eq!(cleared["permissions"], json!(["event:record"]));
    for member in ["description", "remaining_uses", "refill"] {
        assert_eq!(cleared[member], Value::Null, "{member}");
    }
    assert_eq!((&cleared["limits"], &cleared["allowed_ips"]), (&json!([]), &json!([])));
    // What changes nothing writes no audit entry.
    change(&acme.owner, &key, &json!({})).await.is(200);
    let events = crate::audit::trail(&acme.service.installation, Some(&acme.org)).await;
    let updates: Vec<_> = events.iter().filter(|event| event.name == "api_key.updated").collect();
    assert_eq!(updates.len(), 2);
    let named = "description permissions allowed_ips limits remaining_uses refill";
    assert!(updates.iter().any(|event| event.details.iter().any(|(_, text)| text == named)), "{updates:?}");
}

async fn a_key_of_an_organization_is_managed_like_any_other(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let key = member.organization_key(&json!({"name": "mine", "scope": "read-write"})).await;
    let found = member.get(&path(&key)).await.expecting(200);
    assert_eq!((&found["application_id"], &found["organization_id"]), (&Value::Null, &json!(acme.org)));
    let other = acme.add_member("member").await;
    other.get(&path(&key)).await.problem(403, "forbidden");
    change(&other, &key, &json!({"enabled": false})).await.problem(403, "forbidden");
    let stranger = Person::register(&acme.api()).await;
    stranger.get(&path(&key)).await.problem(404, "api_key_not_found");
    change(&stranger, &key, &json!({"enabled": false})).await.problem(404, "api_key_not_found");
    let refused = change(&member, &key, &json!({"permissions": ["event:record"]})).await;
    assert_eq!(faults(&refused), ["/permissions conflicting"]);
    change(&acme.owner, &key, &json!({"limits": [{"name": "a", "requests": 2, "window_seconds": 2_592_000}]}))
        .await
        .is(200);
    let user = acme.api().key(&key.raw);
    for _ in 0..2 {
        user.get(&format!("/orgs/{}", acme.org)).await.is(200);
    }
    let limited = user.get(&format!("/orgs/{}", acme.org)).await;
    assert_eq!(limited.problem(429, "rate_limited")["limit"], "api-key");
    assert!(limited.header("Retry-After").is_some_and(|seconds| seconds.parse::<u32>().is_ok()));
    assert_eq!(limited.header("RateLimit-Policy"), Some("\"api-key\";q=2;w=2592000"));
    member.delete(&path(&key)).await.is(204);
    user.get(&format!("/orgs/{}", acme.org)).await.problem(401, "invalid_token");
}

async fn a_key_is_used_from_the_allowed_addresses_only(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_TRUSTED_PROXIES", "127.0.0.0/8");
    let acme = TestOrg::open_on(installation).await;
    let key = acme.key().await;
    change(&acme.owner, &key, &json!({"allowed_ips": ["203.0.113.0/24", "2001:db8::/32"]})).await.is(200);
    let inventory = acme.inventory();
    let user = acme.api().key(&key.raw);
    let from = async |forwarded: &str| {
        tessera_tests::api::send(
            user.request(Method::GET, &format!("/api/v1{inventory}")).header("X-Forwarded-For", forwarded),
        )
        .await
    };
    for address in ["203.0.113.7", "2001:db8::1", "::ffff:203.0.113.9", "198.51.100.1, 203.0.113.7"] {
        from(address).await.is(200);
    }
    // The client writes the left part of the header, the trusted proxy the right one.
    for address in ["198.51.100.1", "2001:db9::1", "203.0.113.7, 198.51.100.1"] {
        from(address).await.problem(403, "ip_not_allowed");
    }
    user.get(&inventory).await.problem(403, "ip_not_allowed");
    for (ip, code) in [
        (json!("203.0.113.255"), "valid"),
        (json!("::ffff:203.0.113.7"), "valid"),
        (json!("2001:db8:ffff::"), "valid"),
        (json!("203.0.114.0"), "ip_not_allowed"),
        (json!(null), "ip_not_allowed"),
    ] {
        let question = json!({"key": key.raw, "ip": ip});
        assert_eq!(code_of(&acme.api(), &question).await, code, "{ip}");
    }
}

async fn concurrent_changes_do_not_undo_each_other(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = acme.key().await;
    let bodies = [
        json!({"description": "new"}),
        json!({"enabled": false}),
        json!({"remaining_uses": 5}),
        json!({"allowed_ips": ["192.0.2.1"]}),
        json!({"limits": [{"name": "a", "requests": 1, "window_seconds": 60}]}),
        json!({"permissions": ["event:record"]}),
    ];
    let there = acme.owner.at_node(&other);
    let nodes: [&Api; 2] = [&acme.owner, &there];
    let requests = bodies
        .iter()
        .enumerate()
        .map(|(index, body)| nodes[index % 2].request(Method::PATCH, &format!("/api/v1{}", path(&key))).json(body));
    for answer in at_once(requests).await {
        answer.is(200);
    }
    let found = acme.owner.get(&path(&key)).await.expecting(200);
    assert_eq!((&found["description"], &found["enabled"]), (&json!("new"), &json!(false)));
    assert_eq!((&found["remaining_uses"], &found["allowed_ips"]), (&json!(5), &json!(["192.0.2.1"])));
    assert_eq!((&found["limits"][0]["name"], &found["permissions"]), (&json!("a"), &json!(["event:record"])));
}

async fn a_restricted_key_grants_nothing_less_restricted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let write = json!({"name": "k", "scope": "read-write"});
    let (key, other) = (acme.owner.organization_key(&write).await, acme.owner.organization_key(&write).await);
    let caller = acme.api().key(&key.raw);
    let create = async |body: &Value| caller.call(Method::POST, "/v1/api-keys", Some(body)).await;
    let generate = async |days: Option<u8>| {
        let body = json!({"permissions": ["event:record"], "expires_in_days": days});
        caller.post(&format!("/apps/{}/apikeys", acme.app), &body).await
    };
    let rotate = async |key: &Key| caller.post(&format!("{}/rotate", path(key)), &json!({})).await;
    change(&caller, &other, &json!({"enabled": false})).await.is(200);
    change(&caller, &other, &json!({"enabled": true})).await.is(200);
    create(&write).await.is(200);
    generate(None).await.is(201);
    let no_limits = json!({"allowed_ips": [], "limits": [], "remaining_uses": null});
    let limits = json!([{"name": "a", "requests": 1_000, "window_seconds": 2_592_000}]);
    for restricted in
        [json!({"allowed_ips": ["127.0.0.1"]}), json!({"limits": limits}), json!({"remaining_uses": 1_000})]
    {
        change(&acme.owner, &key, &restricted).await.is(200);
        create(&write).await.failure(403);
        generate(None).await.problem(403, "forbidden");
        rotate(&other).await.problem(403, "forbidden");
        for target in [&key, &other] {
            for lifted in [json!({"enabled": false}), json!({"remaining_uses": 2_000})] {
                change(&caller, target, &lifted).await.problem(403, "forbidden");
            }
            change(&caller, target, &json!({"description": "Deploys", "enabled": true})).await.is(200);
        }
        change(&caller, &key, &no_limits).await.problem(403, "forbidden");
        change(&acme.owner, &key, &no_limits).await.is(200);
    }
    // A key keeps its restrictions if it rotates itself.
    change(&acme.owner, &key, &json!({"remaining_uses": 1_000})).await.is(200);
    rotate(&key).await.is(201);

    let expiring = json!({"name": "k", "scope": "read-write", "expiresAt": "2097-03-01T09:30:00Z"});
    let expiring = acme.api().key(&acme.owner.organization_key(&expiring).await.raw);
    for (expiry, status) in [
        (json!(null), 403),
        (json!("2097-03-01T09:30:01Z"), 403),
        (json!("2097-03-01T09:30:00Z"), 200),
        (json!("2097-03-01T09:29:59Z"), 200),
    ] {
        let body = json!({"name": "k", "expiresAt": expiry});
        expiring.call(Method::POST, "/v1/api-keys", Some(&body)).await.is(status);
    }
    expiring.post(&format!("{}/rotate", path(&other)), &json!({})).await.problem(403, "forbidden");
    change(&expiring, &other, &json!({"enabled": false})).await.problem(403, "forbidden");
}

async fn every_fault_of_a_change_is_named(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let before = acme.owner.get(&path(&key)).await.expecting(200);
    let body = json!({
        "description": "",
        "permissions": ["inventory:read", "INVENTORY", 7, "inventory:read"],
        "enabled": "yes",
        "limits": [
            {"name": "two\nlines", "requests": 0, "window_seconds": 2_592_001},
            {"requests": 1.5, "window_seconds": "60"},
            "x",
            {"name": "", "requests": 1_000_000_001, "window_seconds": 0},
        ],
        "remaining_uses": -1,
        "refill": {"amount": 0, "interval": "week"},
        "allowed_ips": ["10.0.0.1/8", "10.0.0.0/33", "host.example.com", "", 7],
    });
    let found = faults(&change(&acme.owner, &key, &body).await);
    let expected = [
        "/description too_short",
        "/permissions/1 invalid_format",
        "/permissions/2 invalid_type",
        "/permissions/3 duplicate",
        "/enabled invalid_type",
        "/limits/0/name forbidden_character",
        "/limits/0/requests out_of_range",
        "/limits/0/window_seconds out_of_range",
        "/limits/1/name required",
        "/limits/1/requests invalid_type",
        "/limits/1/window_seconds invalid_type",
        "/limits/2 invalid_type",
        "/limits/3/name too_short",
        "/limits/3/requests out_of_range",
        "/limits/3/window_seconds out_of_range",
        "/remaining_uses out_of_range",
        "/refill/amount out_of_range",
        "/refill/interval unknown_value",
        "/allowed_ips/0 invalid_format",
        "/allowed_ips/1 invalid_format",
        "/allowed_ips/2 invalid_format",
        "/allowed_ips/3 invalid_format",
        "/allowed_ips/4 invalid_type",
    ];
    assert_eq!(found, expected);
    assert_eq!(acme.owner.get(&path(&key)).await.expecting(200), before);
}

async fn a_creation_and_a_change_have_the_same_faults(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let before = acme.owner.get(&path(&key)).await.expecting(200);
    let limit = json!({"name": "a", "requests": 1, "window_seconds": 1});
    for (body, fault) in [
        (json!({"limits": [limit, limit, limit]}), "/limits/1/name duplicate"),
        (json!({"limits": vec![limit.clone(); 6]}), "/limits too_long"),
        (json!({"limits": {}}), "/limits invalid_type"),
        (json!({"allowed_ips": vec!["192.0.2.1"; 51]}), "/allowed_ips too_long"),
        (json!({"refill": {"amount": 1, "interval": "day"}}), "/refill conflicting"),
        (json!({"refill": 5, "remaining_uses": "x"}), "/remaining_uses invalid_type"),
        (json!({"key_prefix": "ask_aaaa"}), "/key_prefix read_only"),
        (json!({"raw_key": "ask_aaaa"}), "/raw_key read_only"),
        (json!({"key": "ask_aaaa"}), "/key read_only"),
        (json!({"scope": "read"}), "/scope read_only"),
        (json!({"name": "a"}), "/name read_only"),
        (json!({"serviceAccountId": null}), "/serviceAccountId read_only"),
        (json!({"permissions": ["unknown:name"]}), "/permissions/0 unknown_value"),
        (json!({"remaining_uses": 1_000_000_001}), "/remaining_uses out_of_range"),
    ] {
        let found = faults(&change(&acme.owner, &key, &body).await);
        assert_eq!(found.first().map(String::as_str), Some(fault), "{body}");
        let path = format!("/apps/{}/apikeys", acme.app);
        let made = acme.owner.post(&path, &body).await;
        assert_eq!(faults(&made).first().map(String::as_str), Some(fault), "{body}");
    }
    for body in [json!({"overlap_seconds": -1}), json!({"overlap_seconds": 2_592_001})] {
        let found = faults(&acme.owner.post(&format!("{}/rotate", path(&key)), &body).await);
        assert_eq!(found, ["/overlap_seconds out_of_range"]);
    }
    assert_eq!(acme.owner.get(&path(&key)).await.expecting(200), before);
}

async fn faults_that_storage_finds_are_named_with_all_others(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let (key, keys) = (acme.key().await, format!("/apps/{}/apikeys", acme.app));
    let refill = json!({"amount": 1, "interval": "day"});
    for (body, expected) in [
        (
            json!({"description": "", "permissions": ["event:record", "unknown:name"], "refill": refill}),
            &["/description too_short", "/permissions/1 unknown_value", "/refill conflicting"][..],
        ),
        (
            json!({"permissions": ["unknown:name"], "refill": refill}),
            &["/permissions/0 unknown_value", "/refill conflicting"],
        ),
        // Whether it conflicts cannot be said of a number that is invalid.
        (
            json!({"permissions": ["unknown:name"], "remaining_uses": -1, "refill": refill}),
            &["/permissions/0 unknown_value", "/remaining_uses out_of_range"],
        ),
        (
            json!({"permissions": ["unknown"], "refill": refill}),
            &["/permissions/0 invalid_format", "/refill conflicting"],
        ),
    ] {
        for answer in [change(&acme.owner, &key, &body).await, acme.owner.post(&keys, &body).await] {
            let mut found = faults(&answer);
            found.sort();
            assert_eq!(found, expected, "{body}");
        }
        // Callers who may not do it learn nothing from storage.
        let refused = member.post(&keys, &body).await;
        assert!(!refused.text().contains("unknown_value"), "{}", refused.text());
    }
    assert_eq!(acme.owner.get(&keys).await.expecting(200).as_array().map(Vec::len), Some(1));
}

async fn the_edges_of_each_range_are_accepted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let edges = json!({
        "limits": [
            {"name": "a-_9", "requests": 1, "window_seconds": 2_592_000},
            {"name": "abcdefghijklmnopqrstuvwxyz012345", "requests": 1_000_000_000, "window_seconds": 1},
            {"name": "c", "requests": 1, "window_seconds": 1},
            {"name": "d", "requests": 1, "window_seconds": 1},
            {"name": "e", "requests": 1, "window_seconds": 1},
        ],
        "remaining_uses": 1_000_000_000, "refill": {"amount": 1_000_000_000, "interval": "day"},
        "allowed_ips": vec!["0.0.0.0/0"; 50],
    });
    change(&acme.owner, &key, &edges).await.is(200);
}
