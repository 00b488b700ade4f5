//! The organizations and invitations of the caller, and changes of an organization.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, text_of},
    database::Backend,
    on_both,
    test_org::{Person, TestOrg, unique},
};
use tokio::task::JoinSet;

on_both! {
    a_user_lists_the_organizations_with_the_own_role
    an_organization_is_renamed_by_an_administrator_and_gets_a_slug_from_an_owner
    of_concurrent_changes_to_one_slug_one_succeeds
    a_deleted_organization_ends_its_keys_and_frees_its_slug
    a_user_lists_accepts_and_declines_invitations
    of_concurrent_answers_to_one_invitation_one_succeeds
}

async fn a_user_lists_the_organizations_with_the_own_role(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let second = acme.owner.create_org().await;
    let admin = acme.add_member("admin").await;
    let own = acme.owner.get("/orgs").await.expecting(200);
    let ids = |list: &Value| list.as_array().map(|all| all.iter().map(|one| one["id"].clone()).collect::<Vec<_>>());
    assert_eq!(ids(&own), Some(vec![json!(acme.org), json!(second)]));
    assert_eq!(own[0], acme.owner.get(&format!("/orgs/{}", acme.org)).await.expecting(200));
    let of_admin = admin.get("/orgs").await.expecting(200);
    assert_eq!((ids(&of_admin), &of_admin[0]["role"]), (Some(vec![json!(acme.org)]), &json!("admin")));
    acme.api().get("/orgs").await.is(401);
    acme.api().key(&acme.key().await.raw).get("/orgs").await.problem(403, "organization_key_required");
}

async fn an_organization_is_renamed_by_an_administrator_and_gets_a_slug_from_an_owner(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, member, stranger) =
        (acme.add_member("admin").await, acme.add_member("member").await, Person::register(&acme.api()).await);
    let path = format!("/orgs/{}", acme.org);
    let renamed = admin.put(&path, &json!({"name": "Renamed"})).await.expecting(200);
    assert_eq!((&renamed["name"], &renamed["role"]), (&json!("Renamed"), &json!("admin")));
    let slug = unique("slug");
    admin.put(&path, &json!({"slug": slug})).await.problem(403, "forbidden");
    member.put(&path, &json!({"name": "No"})).await.problem(403, "forbidden");
    stranger.put(&path, &json!({"name": "No"})).await.problem(404, "organization_not_found");
    let moved = acme.owner.put(&path, &json!({"slug": slug})).await.expecting(200);
    assert_eq!((&moved["name"], &moved["slug"]), (&json!("Renamed"), &json!(slug)));
    let other = stranger.create_org().await;
    let taken = stranger.put(&format!("/orgs/{other}"), &json!({"slug": slug})).await;
    taken.problem(409, "slug_taken");
    let wrong = json!({"name": "", "slug": "Not A Slug"});
    assert_eq!(acme.owner.put(&path, &wrong).await.faults(), ["/name", "/slug"]);
    assert_eq!(acme.owner.get(&path).await.expecting(200)["slug"], json!(slug));
}

async fn of_concurrent_changes_to_one_slug_one_succeeds(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let slug = unique("slug");
    let mut changes = JoinSet::new();
    for _ in 0..8 {
        let (owner, slug) = (acme.owner.clone(), slug.clone());
        let org = owner.create_org().await;
        changes.spawn(async move { owner.put(&format!("/orgs/{org}"), &json!({"slug": slug})).await.status });
    }
    let mut all = changes.join_all().await;
    all.sort_unstable();
    assert_eq!(all, [200, 409, 409, 409, 409, 409, 409, 409]);
}

async fn a_deleted_organization_ends_its_keys_and_frees_its_slug(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, key) = (acme.add_member("admin").await, acme.key().await);
    let path = format!("/orgs/{}", acme.org);
    let org = acme.owner.get(&path).await.expecting(200);
    let slug = text_of(&org, "slug");
    let with_slug = format!("{path}?slug={slug}");
    admin.delete(&with_slug).await.problem(403, "forbidden");
    acme.owner.delete(&path).await.problem(400, "slug_mismatch");
    acme.owner.delete(&format!("{path}?slug=other")).await.problem(400, "slug_mismatch");
    acme.owner.delete(&with_slug).await.is(204);
    acme.owner.delete(&with_slug).await.problem(404, "organization_not_found");
    for person in [&acme.owner, &admin] {
        person.get(&path).await.problem(404, "organization_not_found");
        person.get(&format!("/apps/{}", acme.app)).await.problem(404, "application_not_found");
        assert_eq!(person.get("/orgs").await.expecting(200), json!([]));
    }
    assert_eq!(acme.verify(&key.raw).await["code"], "not_found");
    acme.api().key(&key.raw).get(&acme.inventory()).await.problem(401, "invalid_token");
    let next = acme.owner.post("/orgs", &json!({"name": "Next", "slug": slug})).await.expecting(201);
    assert_eq!(next["slug"], json!(slug));
}

/// Invites the person, and returns the id of the invitation.
async fn invite(acme: &TestOrg, person: &Person, role: &str) -> Value {
    let body = json!({"email": person.email, "role": role});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.expecting(201)["id"].clone()
}

async fn accept(person: &Person, path: &str) -> Answer {
    person.call(Method::POST, &format!("/api/v1{path}/accept"), None).await
}

async fn a_user_lists_accepts_and_declines_invitations(backend: Backend) {
    const OWN: &str = "/users/me/invitations";
    let acme = TestOrg::open(backend).await;
    let (guest, unverified) = (Person::with_verified_address(&acme).await, Person::register(&acme.api()).await);
    let id = invite(&acme, &guest, "admin").await;
    invite(&acme, &unverified, "owner").await;
    let listed = guest.get(OWN).await.expecting(200);
    assert_eq!((&listed[0]["id"], &listed[0]["status"], &listed[0]["role"]), (&id, &json!("pending"), &json!("admin")));
    let org = acme.owner.get(&format!("/orgs/{}", acme.org)).await.expecting(200);
    assert_eq!((&listed[0]["organization_id"], &listed[0]["organization_name"]), (&org["id"], &org["name"]));
    assert_eq!(unverified.get(OWN).await.expecting(200), json!([]));
    let one = |id: &Value| format!("{OWN}/{}", id.as_str().unwrap_or_default());
    unverified.delete(&one(&id)).await.problem(404, "invitation_not_found");
    accept(&unverified, &one(&id)).await.problem(404, "invitation_not_found");
    guest.delete(&one(&id)).await.is(204);
    guest.delete(&one(&id)).await.problem(404, "invitation_not_found");
    let again = invite(&acme, &guest, "member").await;
    let accepted = accept(&guest, &one(&again)).await.expecting(200);
    assert_eq!((&accepted["user_id"], &accepted["role"]), (&json!(guest.id), &json!("member")));
    assert_eq!((&accepted["new_user"], &accepted["organization_id"]), (&json!(false), &json!(acme.org)));
    assert_eq!(guest.get(&format!("/orgs/{}", acme.org)).await.expecting(200)["role"], "member");
    assert_eq!(guest.get(OWN).await.expecting(200), json!([]));
}

async fn of_concurrent_answers_to_one_invitation_one_succeeds(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let guest = Person::with_verified_address(&acme).await;
    let id = invite(&acme, &guest, "member").await;
    let path = format!("/users/me/invitations/{}", id.as_str().unwrap_or_default());
    let mut answers = JoinSet::new();
    for number in 0..8 {
        let (guest, path) = (guest.clone(), path.clone());
        answers.spawn(async move {
            match number % 2 {
                0 => accept(&guest, &path).await.status,
                _ => guest.delete(&path).await.status,
            }
        });
    }
    let all = answers.join_all().await;
    assert_eq!(all.iter().filter(|status| **status < 300).count(), 1, "{all:?}");
    assert_eq!(all.iter().filter(|status| **status == 404).count(), 7, "{all:?}");
    let accepted = all.contains(&200);
    guest.get(&format!("/orgs/{}", acme.org)).await.is(if accepted { 200 } else { 404 });
}
