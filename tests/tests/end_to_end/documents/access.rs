//! Authorization of reads and writes of user documents.

use serde_json::json;
use tessera_tests::{
    api::{Answer, BASE},
    database::Backend,
    on_both, on_sqlite,
    test_org::TestOrg,
};

use crate::documents::places::{Place, system_data};

on_both! {
    system_data_are_written_of_members_and_stay_when_they_leave
}

on_sqlite! {
    custom_data_are_their_owners_alone
    system_data_are_for_administrators_and_keys_of_the_organization
    users_with_system_data_come_in_pages
}

async fn custom_data_are_their_owners_alone(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.add_member("admin").await;
    let path = format!("/users/{}/custom-data", acme.owner.id);
    let place = Place { path: path.clone(), member: "data", merges: true };
    place.put(&acme.owner, r#"{"a":1}"#).await.is(200);
    place.holds(&acme.owner.get("/users/me/custom-data").await, r#"{"a":1}"#);
    other.get(&path).await.problem(404, "user_not_found");
    place.put(&other, "{}").await.problem(404, "user_not_found");
    place.patch(&other, "{}").await.problem(404, "user_not_found");
    for bad in ["ME", "me2", "0"] {
        acme.owner.get(&format!("/users/{bad}/custom-data")).await.problem(400, "invalid_path");
    }
    place.holds(&acme.owner.get(&path).await, r#"{"a":1}"#);
}

async fn system_data_are_for_administrators_and_keys_of_the_organization(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let place = Place { path: system_data(&acme, &member.id), member: "data", merges: true };
    let sibling = acme.owner.make_app(&acme.org).await;
    let key = |permission: &str| json!({"permissions": [permission], "restrict_permissions": true});
    let reader = acme.api().key(&acme.owner.make_key(&sibling, &key("system_data:read")).await.raw);
    let writer = acme.api().key(&acme.owner.make_key(&acme.app, &key("system_data:write")).await.raw);
    place.put(&writer, r#"{"plan":"gold"}"#).await.is(200);
    place.holds(&place.patch(&writer, r#"{"seats":3}"#).await, r#"{"plan":"gold","seats":3}"#);
    place.holds(&reader.get(&place.path).await, r#"{"plan":"gold","seats":3}"#);
    writer.get(&place.path).await.problem(403, "forbidden");
    place.put(&reader, "{}").await.problem(403, "forbidden");
    place.patch(&reader, "{}").await.problem(403, "forbidden");
    member.get(&place.path).await.problem(403, "forbidden");
    place.put(&member, "{}").await.problem(403, "forbidden");
    let list = acme.owner.get(&format!("/orgs/{}/custom-system-data", acme.org)).await.expecting(200);
    let data = acme.owner.get(&place.path).await.expecting(200);
    assert_eq!(list, json!([{"user_id": member.id, "version": 2, "updated_at": data["updated_at"]}]));
}

async fn system_data_are_written_of_members_and_stay_when_they_leave(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let place = Place { path: system_data(&acme, &member.id), member: "data", merges: true };
    place.put(&acme.owner, r#"{"a":1}"#).await.is(200);
    acme.owner.delete(&acme.members(Some(&member.id))).await.is(204);
    place.put(&acme.owner, "{}").await.problem(404, "member_not_found");
    place.patch(&acme.owner, "{}").await.problem(404, "member_not_found");
    place.holds(&acme.owner.get(&place.path).await, r#"{"a":1}"#);
    acme.add(&member, "member").await;
    place.holds(&place.patch(&acme.owner, r#"{"b":2}"#).await, r#"{"a":1,"b":2}"#);
}

async fn users_with_system_data_come_in_pages(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let mut expected = Vec::new();
    for _ in 0..3 {
        let member = acme.add_member("member").await;
        let place = Place { path: system_data(&acme, &member.id), member: "data", merges: true };
        place.put(&acme.owner, "{}").await.is(200);
        expected.push(member.id.clone());
    }
    let ids = |answer: &Answer| -> Vec<String> {
        let list = answer.json();
        let ids = list.as_array().into_iter().flatten().filter_map(|entry| entry["user_id"].as_str());
        ids.map(str::to_owned).collect()
    };
    let first = acme.owner.get(&format!("/orgs/{}/custom-system-data?limit=2", acme.org)).await;
    assert_eq!(ids(&first), expected[..2]);
    let link = first.header("link").unwrap_or_else(|| panic!("no next page"));
    let next = link.split_once(BASE).and_then(|(_, rest)| rest.split('>').next()).unwrap_or_default();
    let second = acme.owner.get(next).await;
    assert_eq!((ids(&second), second.header("link")), (expected[2..].to_vec(), None));
}
