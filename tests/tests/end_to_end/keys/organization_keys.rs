//! Keys of organizations (B3OS API).

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, at_once, send, text_of},
    database::Backend,
    on_both, on_sqlite,
    process::Installation,
    test_org::{Person, Service, TestOrg, UNKNOWN_ID, unique},
};

on_both! {
    a_key_is_created_read_listed_and_revoked
    a_personal_key_has_the_present_role_of_its_user
    a_personal_key_ends_with_the_membership_and_stays_invalid
    a_key_is_valid_in_its_organization_only
    a_new_key_has_its_restrictions
    of_parallel_creations_the_quota_admits_its_number
    the_last_use_has_address_and_user_agent
}

on_sqlite! {
    a_response_has_the_members_of_the_contract
    keys_are_listed_by_limit_and_offset
    a_key_creates_no_key_with_more_rights
    a_member_manages_their_own_keys
    the_header_names_the_organization_of_a_user_with_several
    each_field_of_a_new_key_is_checked
    a_personal_key_does_not_change_ownership
    a_key_of_an_organization_can_be_verified
    an_unknown_path_has_the_envelope
}

const KEYS: &str = "/v1/api-keys";

async fn create(caller: &Api, body: &Value) -> Answer {
    caller.call(Method::POST, KEYS, Some(body)).await
}

fn names(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

async fn a_key_is_created_read_listed_and_revoked(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let made = create(&acme.owner, &json!({"name": "Deployment", "scope": "read-write"})).await.data();
    let (id, raw) = (text_of(&made, "id"), text_of(&made, "key"));
    assert!(raw.starts_with("osk_") && raw.len() == 53, "{raw}");
    let mut stored = made.clone();
    stored.as_object_mut().map(|object| object.remove("key"));
    let key = acme.api().key(&raw);
    let path = format!("{KEYS}/{id}");
    assert_eq!(acme.owner.get_root(&path).await.data(), stored);
    let listed = acme.owner.get_root(KEYS).await.expecting(200);
    assert_eq!((&listed["data"], &listed["hasMore"]), (&json!([stored]), &json!(false)));
    assert!(!acme.service.node.log().contains(&raw[8..]), "the log has the key");
    key.get(&format!("/orgs/{}", acme.org)).await.is(200);
    for _ in 0..2 {
        let revoked = acme.owner.call(Method::DELETE, &path, None).await;
        assert_eq!(names(&revoked.expecting(200)), ["code", "message", "requestId"].into());
    }
    key.get(&format!("/orgs/{}", acme.org)).await.problem(401, "invalid_token");
    assert!(acme.owner.get_root(&path).await.data()["revokedAt"].is_string());
    acme.owner.get_root(&format!("{KEYS}/{UNKNOWN_ID}")).await.failure(404);
}

async fn a_personal_key_has_the_present_role_of_its_user(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let key = acme.api().key(&admin.organization_key(&json!({"name": "k", "scope": "read-write"})).await.raw);
    let apps = format!("/orgs/{}/apps", acme.org);
    key.post(&apps, &json!({"name": unique("App")})).await.is(201);
    acme.owner.put(&acme.members(Some(&admin.id)), &json!({"role": "member"})).await.is(200);
    key.post(&apps, &json!({"name": unique("App")})).await.problem(403, "forbidden");
    key.get(&apps).await.is(200);
}

async fn a_personal_key_ends_with_the_membership_and_stays_invalid(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let raw = admin.organization_key(&json!({"name": "k", "scope": "read-write"})).await.raw;
    let key = acme.api().key(&raw);
    key.get(&acme.members(None)).await.is(200);
    acme.owner.delete(&acme.members(Some(&admin.id))).await.is(204);
    key.get(&acme.members(None)).await.problem(401, "invalid_token");
    assert_eq!(acme.verify(&raw).await["code"], "disabled");
    acme.add(&admin, "admin").await;
    admin.get(&acme.members(None)).await.is(200);
    key.get(&acme.members(None)).await.problem(401, "invalid_token");
    let next = admin.organization_key(&json!({"name": "k"})).await.raw;
    acme.api().key(&next).get(&acme.members(None)).await.is(200);
}

async fn a_key_is_valid_in_its_organization_only(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"name": "k", "scope": "read-write"});
    let key = acme.api().key(&acme.owner.organization_key(&body).await.raw);
    // The owner has access to the second organization, the key does not.
    let other = acme.owner.create_org().await;
    let app = acme.owner.make_app(&other).await;
    key.get(&format!("/orgs/{other}")).await.problem(404, "organization_not_found");
    key.get(&format!("/orgs/{other}/members")).await.problem(404, "organization_not_found");
    key.get(&format!("/apps/{app}")).await.problem(404, "application_not_found");
    key.get(&format!("/apps/{app}/inventory")).await.problem(404, "application_not_found");
    key.post(&format!("/apps/{app}/apikeys"), &json!({})).await.problem(404, "application_not_found");
    let named = key.request(Method::GET, KEYS).header("X-Org-ID", &other);
    send(named).await.failure(404);
    let own = key.get("/orgs").await.expecting(200);
    assert_eq!(own.as_array().map(Vec::len), Some(1), "{own}");
    assert_eq!((&own[0]["id"], &own[0]["role"]), (&json!(acme.org), &json!("owner")));
}

async fn of_parallel_creations_the_quota_admits_its_number(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_QUOTA_PERSONAL_KEYS", "5");
    let acme = TestOrg::open_on(installation).await;
    let body = json!({"name": "k"});
    let answers = at_once((0..20).map(|_| acme.owner.request(Method::POST, KEYS).json(&body))).await;
    let admitted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(admitted, 5);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!(text_of(&answer.failure(409), "message").contains("TESSERA_QUOTA_PERSONAL_KEYS"));
    }
    let listed = acme.owner.get_root(KEYS).await.data();
    acme.owner.call(Method::DELETE, &format!("{KEYS}/{}", text_of(&listed[0], "id")), None).await.is(200);
    create(&acme.owner, &body).await.is(200);
}

async fn the_last_use_has_address_and_user_agent(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.owner.organization_key(&json!({"name": "k"})).await;
    let agent = format!("d\u{e9}ployeur/{}", "1".repeat(600));
    let used = acme.api().key(&key.raw).request(Method::GET, KEYS).header("User-Agent", agent.as_bytes());
    send(used).await.is(200);
    let Service { installation, mut node } = acme.service;
    // Uses are written within a minute, and all of them at shutdown.
    node.terminate();
    node.wait(Duration::from_secs(20)).await;
    let node = installation.start();
    let owner = acme.owner.at_node(&node);
    let stored = owner.get_root(&format!("{KEYS}/{}", key.id)).await.data();
    assert!(stored["lastUsedAt"].is_string(), "{stored}");
    assert_eq!(stored["lastUsedIp"], "127.0.0.1");
    assert_eq!(stored["lastUsedUserAgent"], agent[..512], "a name that is not ASCII is kept");
}

async fn a_response_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"name": "k", "description": "d", "expiresAt": "2097-03-01T09:30:00.75+01:00", "scope": "read"});
    let made = create(&acme.owner, &body).await.expecting(200);
    assert_eq!(names(&made), ["code", "data", "message", "requestId"].into());
    let data = &made["data"];
    let always = "createdAt createdBy id key keyPrefix name organizationId scope userId";
    let set = "description expiresAt";
    assert_eq!(names(data), always.split(' ').chain(set.split(' ')).collect());
    assert_eq!(data["expiresAt"], "2097-03-01T08:30:00Z");
    assert_eq!((&data["createdBy"], &data["userId"]), (&json!(acme.owner.id), &json!(acme.owner.id)));
    let account = acme.service_account(&["org:read"]).await;
    let bare = create(&acme.owner, &json!({"name": "k", "serviceAccountId": account, "expiresAt": ""})).await.data();
    let always = "createdAt createdBy id key keyPrefix name organizationId scope serviceAccountId";
    assert_eq!(names(&bare), always.split(' ').collect());
    assert_eq!((&bare["scope"], &bare["serviceAccountId"]), (&json!("read"), &json!(account)));
}

async fn keys_are_listed_by_limit_and_offset(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(acme.owner.organization_key(&json!({"name": format!("key {number}")})).await.id);
    }
    for (query, expected, more) in [
        ("", &ids[..], false),
        ("?limit=2", &ids[..2], true),
        ("?limit=2&offset=1", &ids[1..], false),
        ("?offset=3", &[], false),
        ("?limit=200&offset=100000", &[], false),
    ] {
        let listed = acme.owner.get_root(&format!("{KEYS}{query}")).await.expecting(200);
        let found: Vec<String> =
            listed["data"].as_array().into_iter().flatten().map(|key| text_of(key, "id")).collect();
        assert_eq!((found.as_slice(), &listed["hasMore"]), (expected, &json!(more)), "{query}");
    }
    for query in
        ["limit=0", "limit=201", "limit=x", "offset=-1", "offset=100001", "offset=01", "offset=", "limit=1&limit=2"]
    {
        acme.owner.get_root(&format!("{KEYS}?{query}")).await.failure(400);
        acme.owner.get_root(&format!("/v1/service-accounts?{query}")).await.failure(400);
    }
}

async fn a_key_creates_no_key_with_more_rights(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let account = acme.service_account(&["org:read", "api_keys:write"]).await;
    let other = acme.service_account(&["org:read"]).await;
    let write = json!({"name": "k", "scope": "read-write"});
    let of_owner = acme.api().key(&acme.owner.organization_key(&write).await.raw);
    let of_admin = acme.api().key(&admin.organization_key(&write).await.raw);
    let of_account = acme.api().key(&acme.account_key(&account, "read-write").await.raw);
    let reading = acme.api().key(&acme.account_key(&account, "read").await.raw);
    let for_account = |id: &str| json!({"name": "k", "serviceAccountId": id});
    // The key of an owner creates keys for service accounts, that of an administrator only for the administrator.
    create(&of_owner, &for_account(&other)).await.is(200);
    create(&of_admin, &for_account(&other)).await.failure(403);
    let own = create(&of_admin, &write).await.data();
    assert_eq!(own["userId"], json!(admin.id));
    create(&of_account, &for_account(&account)).await.is(200);
    create(&of_account, &for_account(&other)).await.failure(403);
    // The caller learns nothing about ids that it may not name.
    create(&of_account, &for_account(UNKNOWN_ID)).await.failure(403);
    assert_eq!(create(&of_account, &json!({"name": "k"})).await.faults(), ["/serviceAccountId"]);
    create(&reading, &for_account(&account)).await.failure(403);
}

async fn a_member_manages_their_own_keys(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let account = acme.service_account(&["org:read"]).await;
    let of_owner = acme.owner.organization_key(&json!({"name": "k"})).await;
    let own = member.organization_key(&json!({"name": "k", "scope": "read-write"})).await;
    let key = acme.api().key(&own.raw);
    for caller in [&*member, &key] {
        let listed = caller.get_root(KEYS).await.data();
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
        caller.get_root(&format!("{KEYS}/{}", of_owner.id)).await.failure(403);
        caller.call(Method::DELETE, &format!("{KEYS}/{}", of_owner.id), None).await.failure(403);
        create(caller, &json!({"name": "k", "serviceAccountId": account})).await.failure(403);
        caller.get_root("/v1/service-accounts").await.failure(403);
    }
    acme.owner.call(Method::DELETE, &format!("{KEYS}/{}", own.id), None).await.is(200);
    key.get_root(KEYS).await.failure(401);
}

async fn the_header_names_the_organization_of_a_user_with_several(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let owner = &acme.owner;
    let second = owner.create_org().await;
    owner.get_root(KEYS).await.failure(400);
    let list = async |header: &str| send(owner.request(Method::GET, KEYS).header("X-Org-ID", header)).await;
    for id in [&acme.org, &second.to_uppercase()] {
        list(id).await.is(200);
    }
    list(UNKNOWN_ID).await.failure(404);
    for wrong in ["", "acme", "0198c2f04a6b7cc49d1e2f6a1b3c4d5e"] {
        assert!(text_of(&list(wrong).await.failure(400), "message").contains("X-Org-ID"), "{wrong}");
    }
    let twice = owner.request(Method::GET, KEYS).header("X-Org-ID", &acme.org).header("X-Org-ID", &second);
    send(twice).await.failure(400);
    let newcomer = Person::register(&acme.api()).await;
    newcomer.get_root(KEYS).await.failure(404);
    // The only organization counts, although the newcomer has not used it yet.
    let added = json!({"user_id": newcomer.id, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/members", acme.org), &added).await.is(201);
    newcomer.get_root(KEYS).await.is(200);
}

async fn a_new_key_has_its_restrictions(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let restrictions = json!({
        "allowedIps": ["192.0.2.0/24", "2001:db8::/32"],
        "limits": [{"name": "per-hour", "requests": 2, "windowSeconds": 3600}],
        "refill": {"amount": 9, "interval": "month"},
        "remainingUses": 7,
    });
    let mut body = restrictions.clone();
    body["name"] = json!("k");
    let made = create(&acme.owner, &body).await.data();
    let read = acme.owner.get_root(&format!("{KEYS}/{}", text_of(&made, "id"))).await.data();
    for (name, value) in restrictions.as_object().into_iter().flatten() {
        assert_eq!((&made[name], &read[name]), (value, value), "{name}");
    }
    let verify = async |ip: &str| {
        let body = json!({"key": made["key"], "ip": ip});
        text_of(&acme.api().post("/apikeys/verify", &body).await.expecting(200), "code")
    };
    assert_eq!(verify("198.51.100.7").await, "ip_not_allowed");
    for expected in ["valid", "valid", "rate_limited"] {
        assert_eq!(verify("192.0.2.7").await, expected);
    }
    // Without their names, nothing restricts a key.
    let bare = create(&acme.owner, &json!({"name": "k", "allowedIps": [], "limits": [], "refill": null})).await.data();
    let allowed = json!({"key": bare["key"], "ip": "198.51.100.7"});
    assert_eq!(acme.api().post("/apikeys/verify", &allowed).await.expecting(200)["code"], "valid");
}

async fn each_field_of_a_new_key_is_checked(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (long_name, long_text) = ("x".repeat(101), "x".repeat(201));
    let foreign = {
        let other = Person::register(&acme.api()).await;
        other.create_org().await;
        let body = json!({"name": "a", "permissions": []});
        text_of(&other.call(Method::POST, "/v1/service-accounts", Some(&body)).await.data(), "id")
    };
    let disabled = acme.service_account(&[]).await;
    acme.owner.call(Method::DELETE, &format!("/v1/service-accounts/{disabled}"), None).await.is(200);
    for (field, values) in [
        ("name", vec![json!(1), json!(""), json!(long_name), json!(null), json!("a\nb")]),
        ("description", vec![json!(true), json!(""), json!(long_text)]),
        (
            "expiresAt",
            vec![
                json!(1),
                json!("tomorrow"),
                json!("2097-03-01"),
                json!("2020-01-01T00:00:00Z"),
                json!("9999-12-31T23:59:59-01:00"),
            ],
        ),
        ("scope", vec![json!([]), json!("write"), json!("READ"), json!("")]),
        ("serviceAccountId", vec![json!(7), json!("x"), json!(UNKNOWN_ID), json!(foreign), json!(disabled)]),
        ("limits", vec![json!({}), json!(vec![json!({"name": "a", "requests": 1, "windowSeconds": 1}); 6])]),
        ("remainingUses", vec![json!("1"), json!(-1), json!(1_000_000_001)]),
        ("refill", vec![json!(1), json!({"amount": 1, "interval": "day"})]),
        ("allowedIps", vec![json!("192.0.2.1"), json!(vec!["192.0.2.1"; 51])]),
    ] {
        for value in values {
            let mut body = json!({"name": "k"});
            body[field] = value.clone();
            assert_eq!(create(&acme.owner, &body).await.faults(), [format!("/{field}")], "{field} {value}");
        }
    }
    let all = json!({"name": "", "description": 1, "expiresAt": "2020-01-01T00:00:00Z", "scope": "x", "serviceAccountId": disabled, "id": UNKNOWN_ID,
        "key": "osk_x", "refill": {"amount": 1, "interval": "day"}, "remainingUses": null, "enabled": true, "allowedIps": ["x"],
        "limits": [{"name": "a", "requests": 0, "window_seconds": 60}]});
    let faults = create(&acme.owner, &all).await.faults();
    let limits = ["/limits/0/requests", "/limits/0/windowSeconds"];
    let others = "/allowedIps/0 /description /enabled /expiresAt /id /key /name /refill /scope /serviceAccountId";
    assert_eq!(faults.iter().map(String::as_str).collect::<BTreeSet<_>>(), others.split(' ').chain(limits).collect());
    assert_eq!(create(&acme.owner, &json!({})).await.faults(), ["/name"]);
    // The names of the other API must not look as if they were set.
    let others = json!({"name": "k", "allowed_ips": [], "remaining_uses": 1});
    assert_eq!(create(&acme.owner, &others).await.faults(), ["/allowed_ips", "/remaining_uses"]);
    let text = |answer: &Answer| answer.failure(400)["errors"][0]["detail"].clone();
    let unknown = create(&acme.owner, &json!({"name": "k", "serviceAccountId": UNKNOWN_ID})).await;
    for id in [&foreign, &disabled] {
        let other = create(&acme.owner, &json!({"name": "k", "serviceAccountId": id})).await;
        assert_eq!(text(&other), text(&unknown));
    }
    assert_eq!(acme.owner.get_root(KEYS).await.data(), json!([]));
}

async fn a_personal_key_does_not_change_ownership(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let second = acme.add_member("owner").await;
    let member = acme.add_member("member").await;
    let key = acme.api().key(&acme.owner.organization_key(&json!({"name": "k", "scope": "read-write"})).await.raw);
    key.put(&acme.members(Some(&member.id)), &json!({"role": "admin"})).await.is(200);
    key.put(&acme.members(Some(&member.id)), &json!({"role": "owner"})).await.problem(403, "forbidden");
    key.put(&acme.members(Some(&second.id)), &json!({"role": "member"})).await.problem(403, "forbidden");
    key.delete(&acme.members(Some(&second.id))).await.problem(403, "forbidden");
    let newcomer = Person::register(&acme.api()).await;
    let body = json!({"user_id": newcomer.id, "role": "owner"});
    key.post(&acme.members(None), &body).await.problem(403, "forbidden");
}

async fn a_key_of_an_organization_can_be_verified(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let account = acme.service_account(&["event:record", "org:read"]).await;
    let key = acme.account_key(&account, "read-write").await;
    let verify = async |raw: &str, permission: &str| {
        acme.api().post("/apikeys/verify", &json!({"key": raw, "permission": permission})).await.expecting(200)
    };
    let valid = verify(&key.raw, "event:record").await;
    assert_eq!((&valid["valid"], &valid["code"]), (&json!(true), &json!("valid")));
    assert_eq!((&valid["api_key_id"], &valid["service_account_id"]), (&json!(key.id), &json!(account)));
    assert_eq!((&valid["organization_id"], &valid["application_id"]), (&json!(acme.org), &json!(null)));
    assert_eq!(valid["permissions"], json!(["event:record", "org:read"]));
    assert_eq!(verify(&key.raw, "apps:read").await["code"], "insufficient_permissions");
    // A key that only reads has no other permissions, whatever its service account has.
    let reading = acme.account_key(&account, "read").await;
    assert_eq!(verify(&reading.raw, "org:read").await["permissions"], json!(["org:read"]));
    assert_eq!(verify(&reading.raw, "event:record").await["code"], "insufficient_permissions");
    let personal = acme.owner.organization_key(&json!({"name": "k"})).await;
    let of_user = acme.verify(&personal.raw).await;
    assert_eq!((&of_user["code"], &of_user["user_id"]), (&json!("valid"), &json!(acme.owner.id)));
    // The rights of a personal key are a role, which no permission describes.
    assert_eq!(verify(&personal.raw, "org:read").await["code"], "insufficient_permissions");
    acme.owner.call(Method::DELETE, &format!("/v1/service-accounts/{account}"), None).await.is(200);
    assert_eq!(verify(&key.raw, "event:record").await["code"], "disabled");
}

async fn an_unknown_path_has_the_envelope(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for path in ["/v1", "/v1/keys", "/v1/api-keys/"] {
        acme.owner.get_root(path).await.failure(404);
    }
    acme.owner.call(Method::PUT, KEYS, None).await.failure(405);
    acme.api().get_root(KEYS).await.failure(401);
    let text = acme.owner.request(Method::POST, KEYS).header("Content-Type", "text/plain").body("{}");
    send(text).await.failure(415);
}
