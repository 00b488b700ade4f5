//! Roles: permissions to add, change and remove members.

use serde_json::{Value, json};
use tessera_tests::{
    database::Backend,
    mail::last_of,
    on_both,
    test_org::{Person, TestOrg, UNKNOWN_ID},
};

async fn role_of(acme: &TestOrg, person: &Person) -> Value {
    acme.owner.get(&acme.members(Some(&person.id))).await.expecting(200)["role"].clone()
}

on_both! {
    a_user_is_added_by_id_or_by_a_verified_email_s162
    a_user_who_left_cannot_be_added_directly_s162
    a_member_is_not_added_twice_and_keeps_the_role
    an_unknown_user_cannot_be_added
    a_member_cannot_find_out_which_emails_exist_s25
    an_administrator_cannot_create_or_change_an_owner_s146
    an_administrator_manages_up_to_their_own_role
    a_member_cannot_change_their_own_role_s147
    a_member_can_remove_only_themselves
    the_last_owner_cannot_leave_or_be_demoted_s148
    a_removed_member_loses_access_to_the_organization_s150
    a_user_who_rejoins_has_only_the_new_role_s151
    the_actor_is_taken_only_from_the_access_token_s154
}

async fn a_user_is_added_by_id_or_by_a_verified_email_s162(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (one, two) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    let path = acme.members(None);
    let added = acme.owner.post(&path, &json!({"user_id": one.id, "role": "admin"})).await;
    assert_eq!(
        added.header("location"),
        Some(&*format!("http://localhost:8080/api/v1{}", acme.members(Some(&one.id))))
    );
    let added = added.expecting(201);
    assert_eq!(
        (&added["role"], &added["email"], &added["display_name"]),
        (&json!("admin"), &Value::Null, &Value::Null)
    );
    let by_email = json!({"email": two.email.to_uppercase(), "role": "member"});
    acme.owner.post(&path, &by_email).await.problem(404, "user_not_found");
    acme.prove(&two).await;
    let added = acme.owner.post(&path, &by_email).await.expecting(201);
    assert_eq!((&added["user_id"], &added["email"]), (&json!(two.id), &json!(two.email)));
    let mail = last_of(&acme.service.installation, &one.email, 1).await;
    assert_eq!(mail.subject, "You were added to an organization");
    assert!(mail.text.contains("added you to \"Studio") && mail.text.contains("as an administrator"), "{mail:?}");
    assert_eq!(last_of(&acme.service.installation, &two.email, 2).await.subject, mail.subject);
    // The address becomes visible after the user has made a request in the organization.
    let email = async || {
        let listed = acme.owner.get(&path).await.expecting(200);
        let mut members = listed.as_array().cloned().unwrap_or_default().into_iter();
        members.find(|member| member["user_id"] == json!(one.id)).map(|member| member["email"].clone())
    };
    assert_eq!(email().await, Some(Value::Null));
    one.get(&format!("/apps/{}", acme.app)).await.is(200);
    assert_eq!(email().await, Some(json!(one.email)));
}

async fn a_user_who_left_cannot_be_added_directly_s162(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = acme.add_member("member").await;
    person.delete(&acme.members(Some(&person.id))).await.is(204);
    let add = json!({"user_id": person.id, "role": "member"});
    acme.owner.post(&acme.members(None), &add).await.problem(409, "user_left");
    let invitation = json!({"email": person.email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let token = last_of(&acme.service.installation, &person.email, 2).await.token();
    person.post("/invitations/accept", &json!({"token": token})).await.is(200);
    assert_eq!(role_of(&acme, &person).await, "member");
}

async fn a_member_is_not_added_twice_and_keeps_the_role(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let again = acme.owner.post(&acme.members(None), &json!({"user_id": member.id, "role": "owner"})).await;
    again.problem(409, "already_member");
    assert_eq!(role_of(&acme, &member).await, "member");
}

async fn an_unknown_user_cannot_be_added(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for body in [json!({"user_id": UNKNOWN_ID, "role": "member"}), json!({"email": "no@example.com", "role": "member"})]
    {
        acme.owner.post(&acme.members(None), &body).await.problem(404, "user_not_found");
    }
    let both = json!({"user_id": UNKNOWN_ID, "email": "no@example.com", "role": "member"});
    assert_eq!(acme.owner.post(&acme.members(None), &both).await.faults(), [""]);
    assert_eq!(acme.owner.post(&acme.members(None), &json!({"role": "member"})).await.faults(), [""]);
}

async fn a_member_cannot_find_out_which_emails_exist_s25(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (member, known) = (acme.add_member("member").await, Person::register(&acme.api()).await);
    let ask = async |email: &str| {
        let answer = member.post(&acme.members(None), &json!({"email": email, "role": "member"})).await;
        answer.problem(403, "forbidden")["detail"].clone()
    };
    assert_eq!(ask(&known.email).await, ask("no@example.com").await);
}

async fn an_administrator_cannot_create_or_change_an_owner_s146(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, other) = (acme.add_member("admin").await, Person::register(&acme.api()).await);
    let owner = json!({"role": "owner"});
    admin.put(&acme.members(Some(&admin.id)), &owner).await.problem(403, "forbidden");
    let member = acme.add_member("member").await;
    admin.put(&acme.members(Some(&member.id)), &owner).await.problem(403, "forbidden");
    let add = json!({"user_id": other.id, "role": "owner"});
    admin.post(&acme.members(None), &add).await.problem(403, "forbidden");
    admin.put(&acme.members(Some(&acme.owner.id)), &json!({"role": "member"})).await.problem(403, "forbidden");
    admin.delete(&acme.members(Some(&acme.owner.id))).await.problem(403, "forbidden");
    assert_eq!(role_of(&acme, &acme.owner).await, "owner");
}

async fn an_administrator_manages_up_to_their_own_role(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, peer) = (acme.add_member("admin").await, acme.add_member("admin").await);
    let member = acme.add_member("member").await;
    admin.put(&acme.members(Some(&member.id)), &json!({"role": "admin"})).await.is(200);
    admin.put(&acme.members(Some(&peer.id)), &json!({"role": "member"})).await.is(200);
    admin.delete(&acme.members(Some(&member.id))).await.is(204);
    admin.put(&acme.members(Some(&admin.id)), &json!({"role": "member"})).await.is(200);
    admin.put(&acme.members(Some(&peer.id)), &json!({"role": "admin"})).await.problem(403, "forbidden");
}

async fn a_member_cannot_change_their_own_role_s147(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    for role in ["member", "admin", "owner"] {
        let answer = member.put(&acme.members(Some(&member.id)), &json!({"role": role})).await;
        answer.problem(403, "forbidden");
    }
    assert_eq!(role_of(&acme, &member).await, "member");
}

async fn a_member_can_remove_only_themselves(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (member, peer) = (acme.add_member("member").await, acme.add_member("member").await);
    member.delete(&acme.members(Some(&peer.id))).await.problem(403, "forbidden");
    member.delete(&acme.members(Some(&member.id))).await.is(204);
    member.get(&acme.members(None)).await.problem(404, "organization_not_found");
}

async fn the_last_owner_cannot_leave_or_be_demoted_s148(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    acme.add_member("admin").await;
    let own = acme.members(Some(&acme.owner.id));
    acme.owner.delete(&own).await.problem(409, "last_owner");
    acme.owner.put(&own, &json!({"role": "admin"})).await.problem(409, "last_owner");
    acme.owner.put(&own, &json!({"role": "owner"})).await.is(200);
    acme.add_member("owner").await;
    acme.owner.delete(&own).await.is(204);
}

async fn a_removed_member_loses_access_to_the_organization_s150(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let elsewhere = admin.create_org().await;
    acme.owner.delete(&acme.members(Some(&admin.id))).await.is(204);
    let hidden = [
        format!("/orgs/{}", acme.org),
        acme.members(None),
        format!("/orgs/{}/apps", acme.org),
        format!("/apps/{}", acme.app),
        format!("/apps/{}/apikeys", acme.app),
        acme.inventory(),
    ];
    for path in hidden {
        admin.get(&path).await.is(404);
    }
    admin.get(&format!("/orgs/{elsewhere}")).await.is(200);
    acme.owner.delete(&acme.members(Some(&admin.id))).await.problem(404, "member_not_found");
}

async fn a_user_who_rejoins_has_only_the_new_role_s151(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = acme.add_member("admin").await;
    acme.owner.delete(&acme.members(Some(&person.id))).await.is(204);
    acme.add(&person, "member").await;
    assert_eq!(role_of(&acme, &person).await, "member");
    person.get(&format!("/apps/{}/apikeys", acme.app)).await.problem(403, "forbidden");
}

async fn the_actor_is_taken_only_from_the_access_token_s154(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let path = format!("/api/v1/orgs/{}/apps", acme.org);
    let body = json!({"name": "x", "actor": acme.owner.id, "on_behalf_of": acme.owner.id, "user_id": acme.owner.id});
    let request = member.request(reqwest::Method::POST, &path).json(&body);
    let request = request.header("X-User-Id", &acme.owner.id).header("X-Org-Id", &acme.org);
    tessera_tests::api::send(request).await.problem(403, "forbidden");
}
