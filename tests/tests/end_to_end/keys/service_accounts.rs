//! Service accounts of organizations (B3OS API).

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, at_once, text_of},
    database::Backend,
    on_both, on_sqlite,
    process::Installation,
    test_org::{Person, TestOrg, UNKNOWN_ID, unique},
};

on_both! {
    a_service_account_is_created_changed_and_disabled
    a_change_of_permissions_holds_at_once
    no_key_of_an_account_is_valid_after_it_is_disabled_in_parallel
    a_service_account_is_unknown_in_other_organizations
}

on_sqlite! {
    a_caller_gives_only_own_permissions
    a_service_account_manages_members_without_rights
    a_service_account_creates_keys_of_applications_within_its_rights
    each_field_of_a_service_account_is_checked
    the_quota_limits_service_accounts
}

const ACCOUNTS: &str = "/v1/service-accounts";

async fn create(caller: &Api, body: &Value) -> Answer {
    caller.call(Method::POST, ACCOUNTS, Some(body)).await
}

fn path(id: &str) -> String {
    format!("{ACCOUNTS}/{id}")
}

async fn a_service_account_is_created_changed_and_disabled(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"name": "Importer", "description": "nightly", "permissions": ["org:read", "inventory:write"]});
    let made = create(&acme.owner, &body).await.data();
    let id = text_of(&made, "id");
    assert_eq!((&made["name"], &made["status"]), (&json!("Importer"), &json!("active")));
    // In the order of their names.
    assert_eq!(made["permissions"], json!(["inventory:write", "org:read"]));
    let members: BTreeSet<&str> = made.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let expected = "createdAt createdBy description id name organizationId permissions status updatedAt";
    assert_eq!(members, expected.split(' ').collect());
    assert_eq!(acme.owner.get_root(&path(&id)).await.data(), made);
    let change = json!({"name": "Exporter", "description": null, "permissions": []});
    let changed = acme.owner.call(Method::PATCH, &path(&id), Some(&change)).await.data();
    assert_eq!((&changed["name"], &changed["permissions"]), (&json!("Exporter"), &json!([])));
    assert!(changed.get("description").is_none(), "{changed}");
    let disabled = acme.owner.call(Method::DELETE, &path(&id), None).await.data();
    assert_eq!(disabled["status"], "disabled");
    let again = acme.owner.call(Method::DELETE, &path(&id), None).await.data();
    assert_eq!(again, disabled);
    let listed = acme.owner.get_root(ACCOUNTS).await.expecting(200);
    assert_eq!((&listed["data"], &listed["hasMore"]), (&json!([disabled]), &json!(false)));
    acme.owner.get_root(&path(UNKNOWN_ID)).await.failure(404);
    let absent = acme.owner.call(Method::PATCH, &path(UNKNOWN_ID), Some(&change)).await.failure(404);
    assert!(text_of(&absent, "message").contains("service account"), "{absent}");
}

async fn a_change_of_permissions_holds_at_once(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let id = acme.service_account(&["apps:read"]).await;
    let key = acme.api().key(&acme.account_key(&id, "read-write").await.raw);
    let apps = format!("/orgs/{}/apps", acme.org);
    key.get(&apps).await.is(200);
    key.post(&apps, &json!({"name": unique("App")})).await.problem(403, "forbidden");
    let permit = async |permissions: Value| {
        let body = json!({"name": "a", "permissions": permissions});
        acme.owner.call(Method::PATCH, &path(&id), Some(&body)).await.is(200);
    };
    permit(json!(["apps:write"])).await;
    key.post(&apps, &json!({"name": unique("App")})).await.is(201);
    key.get(&apps).await.problem(403, "forbidden");
    permit(json!([])).await;
    key.post(&apps, &json!({"name": unique("App")})).await.problem(403, "forbidden");
}

async fn no_key_of_an_account_is_valid_after_it_is_disabled_in_parallel(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let id = acme.service_account(&["org:read"]).await;
    let body = json!({"name": "k", "serviceAccountId": id});
    let creations = at_once((0..10).map(|_| acme.owner.request(Method::POST, "/v1/api-keys").json(&body)));
    let account = path(&id);
    let disabling = acme.owner.call(Method::DELETE, &account, None);
    let (created, disabled) = tokio::join!(creations, disabling);
    disabled.is(200);
    for answer in created {
        if answer.status == 200 {
            let key = acme.api().key(&text_of(&answer.data(), "key"));
            key.get(&format!("/orgs/{}", acme.org)).await.problem(401, "invalid_token");
        } else {
            assert_eq!(answer.faults(), ["/serviceAccountId"]);
        }
    }
}

async fn a_service_account_is_unknown_in_other_organizations(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let id = acme.service_account(&["org:read"]).await;
    let key = acme.account_key(&id, "read").await;
    let stranger = Person::register(&acme.api()).await;
    stranger.create_org().await;
    let change = json!({"name": "a", "permissions": []});
    stranger.get_root(&path(&id)).await.failure(404);
    stranger.call(Method::PATCH, &path(&id), Some(&change)).await.failure(404);
    stranger.call(Method::DELETE, &path(&id), None).await.failure(404);
    stranger.get_root(&format!("/v1/api-keys/{}", key.id)).await.failure(404);
    stranger.call(Method::DELETE, &format!("/v1/api-keys/{}", key.id), None).await.failure(404);
    stranger.delete(&format!("/apikeys/{}", key.id)).await.problem(404, "api_key_not_found");
    acme.api().key(&key.raw).get(&format!("/orgs/{}", acme.org)).await.is(200);
}

async fn a_caller_gives_only_own_permissions(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let id = acme.service_account(&["api_keys:read", "api_keys:write", "org:read"]).await;
    let strong = acme.service_account(&["apps:write"]).await;
    let key = acme.api().key(&acme.account_key(&id, "read-write").await.raw);
    create(&key, &json!({"name": "a", "permissions": ["org:read"]})).await.is(200);
    create(&key, &json!({"name": "a", "permissions": ["org:read", "apps:read"]})).await.failure(403);
    let more = json!({"name": "a", "permissions": ["apps:write", "org:read"]});
    let fewer = json!({"name": "a", "permissions": []});
    key.call(Method::PATCH, &path(&id), Some(&more)).await.failure(403);
    // The account has a permission that the caller lacks.
    key.call(Method::PATCH, &path(&strong), Some(&fewer)).await.failure(403);
    // Ending is always possible.
    key.call(Method::DELETE, &path(&strong), None).await.is(200);
    let member = acme.add_member("member").await;
    create(&member, &json!({"name": "a", "permissions": []})).await.failure(403);
}

async fn a_service_account_manages_members_without_rights(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, member) = (acme.add_member("admin").await, acme.add_member("member").await);
    let id = acme.service_account(&["members:read", "members:write"]).await;
    let key = acme.api().key(&acme.account_key(&id, "read-write").await.raw);
    let newcomer = Person::register(&acme.api()).await;
    let add = |role: &str| json!({"user_id": newcomer.id, "role": role});
    key.post(&acme.members(None), &add("admin")).await.problem(403, "forbidden");
    let added = key.post(&acme.members(None), &add("member")).await.expecting(201);
    // A user id does not show the address.
    assert_eq!(added["email"], Value::Null);
    key.put(&acme.members(Some(&member.id)), &json!({"role": "admin"})).await.problem(403, "forbidden");
    key.put(&acme.members(Some(&admin.id)), &json!({"role": "member"})).await.problem(403, "forbidden");
    key.delete(&acme.members(Some(&admin.id))).await.problem(403, "forbidden");
    key.delete(&acme.members(Some(&member.id))).await.is(204);
    let organization = key.get(&format!("/orgs/{}", acme.org)).await;
    organization.problem(403, "forbidden");
    let listed = key.get(&acme.members(None)).await.expecting(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
}

async fn a_service_account_creates_keys_of_applications_within_its_rights(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let id = acme.service_account(&["api_keys:write", "inventory:read", "org:read"]).await;
    let key = acme.api().key(&acme.account_key(&id, "read-write").await.raw);
    let keys = format!("/apps/{}/apikeys", acme.app);
    let made = key.post(&keys, &json!({"permissions": ["inventory:read"]})).await.expecting(201);
    assert_eq!(made["api_key_details"]["created_by"], json!(id));
    key.post(&keys, &json!({"permissions": ["inventory:read", "inventory:write"]})).await.problem(403, "forbidden");
    key.get(&keys).await.problem(403, "forbidden");
    key.delete(&format!("/apikeys/{}", text_of(&made["api_key_details"], "id"))).await.is(204);
    let organization = key.get("/orgs").await.expecting(200);
    assert_eq!((&organization[0]["id"], &organization[0]["role"]), (&json!(acme.org), &Value::Null));
}

async fn each_field_of_a_service_account_is_checked(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let id = acme.service_account(&[]).await;
    let thirteen: Vec<String> = (0..13).map(|number| format!("a:b{number}")).collect();
    for (field, value, pointer) in [
        ("name", json!(1), "/name"),
        ("name", json!(""), "/name"),
        ("name", json!("x".repeat(101)), "/name"),
        ("description", json!([]), "/description"),
        ("description", json!("x".repeat(201)), "/description"),
        ("permissions", json!("org:read"), "/permissions"),
        ("permissions", json!(null), "/permissions"),
        ("permissions", json!(["org:read", "org:write"]), "/permissions/1"),
        ("permissions", json!(["org:read", "org:read"]), "/permissions/1"),
        ("permissions", json!([1]), "/permissions/0"),
        ("permissions", json!(thirteen), "/permissions"),
        ("status", json!("disabled"), "/status"),
        ("organizationId", json!(UNKNOWN_ID), "/organizationId"),
    ] {
        let mut body = json!({"name": "a", "permissions": []});
        body[field] = value.clone();
        assert_eq!(create(&acme.owner, &body).await.faults(), [pointer], "{field} {value}");
        let changed = acme.owner.call(Method::PATCH, &path(&id), Some(&body)).await;
        assert_eq!(changed.faults(), [pointer], "{field} {value}");
    }
    assert_eq!(create(&acme.owner, &json!({})).await.faults(), ["/name", "/permissions"]);
    let listed = acme.owner.get_root(ACCOUNTS).await.data();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
}

async fn the_quota_limits_service_accounts(backend: Backend) {
    let acme = TestOrg::open_on(Installation::new(backend).await.set("TESSERA_QUOTA_SERVICE_ACCOUNTS", "3")).await;
    let body = json!({"name": "a", "permissions": []});
    let answers = at_once((0..8).map(|_| acme.owner.request(Method::POST, ACCOUNTS).json(&body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)));
}
