//! The main workflow, from registration to a revoked key.

use std::time::Duration;

use serde_json::{Value, json};
use tessera_tests::{
    database::Backend,
    eventually, on_both,
    test_org::{Service, TestOrg},
};

on_both! {
    a_new_user_can_create_use_and_revoke_an_api_key
    a_revoked_key_stays_in_the_list_and_a_second_revocation_changes_nothing
    a_deleted_application_and_its_keys_stop_working_s112
    the_last_use_of_a_key_appears_in_the_list
    an_application_update_changes_only_the_given_fields
    writing_back_the_read_state_changes_nothing_s163
    a_slug_is_derived_from_the_name_and_unique
}

async fn a_new_user_can_create_use_and_revoke_an_api_key(backend: Backend) {
    let (service, owner) = Service::with_person(backend).await;
    let app = owner.make_app(&owner.create_org().await).await;
    let key = owner.make_key(&app, &json!({"description": "game server", "permissions": []})).await;
    let (server, inventory) = (service.api().key(&key.raw), format!("/apps/{app}/inventory"));
    let made = server.post(&inventory, &json!({"sku": "sword", "quantity": 3})).await.expecting(201);
    assert_eq!(server.get(&inventory).await.expecting(200), json!([made]));
    let question = json!({"key": key.raw, "permission": "event:record"});
    assert_eq!(service.api().post("/apikeys/verify", &question).await.expecting(200)["code"], "valid");
    owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    server.get(&inventory).await.problem(401, "invalid_token");
    server.post(&inventory, &json!({"sku": "sword"})).await.problem(401, "invalid_token");
    assert_eq!(service.api().post("/apikeys/verify", &question).await.expecting(200)["code"], "revoked");
}

async fn a_revoked_key_stays_in_the_list_and_a_second_revocation_changes_nothing(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (key, list) = (acme.key().await, format!("/apps/{}/apikeys", acme.app));
    let path = format!("/apikeys/{}", key.id);
    acme.owner.delete(&path).await.is(204);
    let after_one = acme.owner.get(&list).await.expecting(200);
    assert!(after_one[0]["revoked_at"].is_string(), "{after_one}");
    acme.owner.delete(&path).await.is(204);
    assert_eq!(acme.owner.get(&list).await.expecting(200), after_one);
}

async fn a_deleted_application_and_its_keys_stop_working_s112(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let path = format!("/apps/{}", acme.app);
    acme.owner.delete(&path).await.is(204);
    assert_eq!(acme.verify(&key.raw).await["code"], "not_found");
    acme.api().key(&key.raw).get(&acme.inventory()).await.problem(401, "invalid_token");
    acme.owner.get(&path).await.problem(404, "application_not_found");
    acme.owner.get(&acme.inventory()).await.problem(404, "application_not_found");
    acme.owner.delete(&path).await.problem(404, "application_not_found");
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.problem(404, "api_key_not_found");
    assert_eq!(acme.owner.get(&format!("/orgs/{}/apps", acme.org)).await.expecting(200), json!([]));
}

async fn the_last_use_of_a_key_appears_in_the_list(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (used, unused) = (acme.key().await, acme.key().await);
    acme.api().key(&used.raw).get(&acme.inventory()).await.is(200);
    let list = format!("/apps/{}/apikeys", acme.app);
    let keys = eventually("a last use", Duration::from_secs(20), || async {
        let keys = acme.owner.get(&list).await.expecting(200);
        last_used(&keys, &used.id).is_string().then_some(keys)
    });
    let keys = keys.await;
    assert!(last_used(&keys, &unused.id).is_null(), "{keys}");
}

async fn an_application_update_changes_only_the_given_fields(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("/apps/{}", acme.app);
    let uris = json!(["https://a.example/cb", "http://127.0.0.1:3000/cb"]);
    let full = json!({"name": "One", "description": "first\nsecond", "redirect_uris": uris});
    acme.owner.put(&path, &full).await.is(200);
    let changed = acme.owner.put(&path, &json!({"name": "Two"})).await.expecting(200);
    assert_eq!(changed["name"], "Two");
    assert_eq!((&changed["description"], &changed["redirect_uris"]), (&full["description"], &uris));
    let emptied = acme.owner.put(&path, &json!({"description": null, "redirect_uris": []})).await.expecting(200);
    assert_eq!((&emptied["description"], &emptied["redirect_uris"]), (&Value::Null, &json!([])));
    assert_eq!(acme.owner.get(&path).await.expecting(200), emptied);
}

async fn writing_back_the_read_state_changes_nothing_s163(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("/apps/{}", acme.app);
    acme.owner.put(&path, &json!({"redirect_uris": ["https://a.example/cb"]})).await.is(200);
    let before = acme.owner.get(&path).await.expecting(200);
    let names = ["name", "description", "redirect_uris", "permissions"];
    let writable: Value = names.map(|name| (name.to_owned(), before[name].clone())).into_iter().collect();
    let after = acme.owner.put(&path, &writable).await.expecting(200);
    for member in ["id", "organization_id", "name", "description", "redirect_uris", "created_at"] {
        assert_eq!(after[member], before[member], "{member}");
    }
}

async fn a_slug_is_derived_from_the_name_and_unique(backend: Backend) {
    let (_service, owner) = Service::with_person(backend).await;
    let first = owner.post("/orgs", &json!({"name": "Ünïted Games  42!"})).await.expecting(201);
    let second = owner.post("/orgs", &json!({"name": "Ünïted Games  42!"})).await.expecting(201);
    let (first, second) = (first["slug"].as_str().unwrap_or(""), second["slug"].as_str().unwrap_or(""));
    assert!(first.ends_with("games-42"), "{first}");
    assert!(second.starts_with(&format!("{first}-")) && second.len() == first.len() + 7, "{second}");
    let taken = owner.post("/orgs", &json!({"name": "Other", "slug": first})).await;
    taken.problem(409, "slug_taken");
}

fn last_used<'a>(keys: &'a Value, id: &str) -> &'a Value {
    let found = keys.as_array().into_iter().flatten().find(|key| key["id"] == id);
    &found.unwrap_or_else(|| panic!("{id} is not in {keys}"))["last_used"]
}
