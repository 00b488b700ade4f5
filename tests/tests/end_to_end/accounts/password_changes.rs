//! Password changes: only with the old password, only once, and with the end of all other sessions.

use serde_json::json;
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    on_both,
    process::Installation,
    rejected_in_time,
    test_org::{PASSWORD, Person, Service, TestOrg},
};
use tokio::task::JoinSet;

use crate::accounts::password_resets::{NEW, ends_concurrent_sign_ins, login};

async fn change(by: &Api, current: Option<&str>, new: &str) -> Answer {
    by.put("/users/me/password", &json!({"current_password": current, "new_password": new})).await
}

#[track_caller]
fn has_fault(answer: &Answer, pointer: &str, code: &str) {
    assert_eq!(answer.faults(), [pointer]);
    assert_eq!(answer.json()["errors"][0]["code"], code, "{}", answer.text());
}

on_both! {
    a_password_change_requires_the_current_password_s8
    a_password_change_ends_all_other_sessions_s9
    a_change_at_one_node_ends_sessions_at_the_other
    a_new_password_obeys_all_rules
    a_changed_password_is_normalized_to_nfc_s6
    one_of_eight_concurrent_password_changes_succeeds
    a_session_started_during_a_password_change_is_ended
    a_password_change_reveals_no_password_or_hash_s13
    changes_of_account_and_data_are_audited_s198
}

async fn a_password_change_requires_the_current_password_s8(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    for wrong in [NEW, "", "Violet-harbour-93-lantern", &"x".repeat(10_000)] {
        has_fault(&change(&person, Some(wrong), NEW).await, "/current_password", "wrong_password");
    }
    has_fault(&change(&person, None, NEW).await, "/current_password", "required");
    change(&service.api(), Some(PASSWORD), NEW).await.problem(401, "authentication_required");
    login(&service.api(), &person.email, PASSWORD).await.is(200);
    change(&person, Some(PASSWORD), NEW).await.is(204);
    login(&service.api(), &person.email, PASSWORD).await.problem(401, "invalid_credentials");
    login(&service.api(), &person.email, NEW).await.is(200);
    has_fault(&change(&person, Some(PASSWORD), NEW).await, "/current_password", "wrong_password");
}

async fn a_password_change_ends_all_other_sessions_s9(backend: Backend) {
    let service = Service::start(backend).await;
    let (person, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    let (second, third) = (person.again().await, person.again().await);
    has_fault(&change(&second, Some("wrong"), NEW).await, "/current_password", "wrong_password");
    person.get("/users/me").await.is(200);
    change(&second, Some(PASSWORD), NEW).await.is(204);
    for ended in [&person, &third] {
        ended.get("/users/me").await.problem(401, "invalid_token");
    }
    for open in [&second, &other] {
        open.get("/users/me").await.is(200);
    }
}

async fn a_change_at_one_node_ends_sessions_at_the_other(backend: Backend) {
    let service = Service::start(backend).await;
    let second = service.installation.start_another();
    let person = Person::register(&service.api()).await;
    let elsewhere = person.again().await.at_node(&second);
    elsewhere.get("/users/me").await.is(200);
    change(&person, Some(PASSWORD), NEW).await.is(204);
    rejected_in_time(401, "invalid_token", async || elsewhere.get("/users/me").await).await;
    person.at_node(&second).get("/users/me").await.is(200);
}

async fn a_new_password_obeys_all_rules(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_PASSWORD_MIN_LENGTH", "15"));
    let person = Person::register(&service.api()).await;
    person.put("/users/me", &json!({"last_name": "Wolfeschlegelstein"})).await.is(200);
    for (new, code) in [
        ("short7!", "too_short"),
        ("x7#Qz!m2Vw_9rT", "too_short"),
        ("passwordpassword", "weak_password"),
        ("wolfeschlegelstein", "weak_password"),
        (person.email.as_str(), "weak_password"),
        (&"k7#Qz!m2".repeat(17), "too_long"),
    ] {
        has_fault(&change(&person, Some(PASSWORD), new).await, "/new_password", code);
    }
    let body = json!({"current_password": 1, "new_password": "a\u{0}"});
    assert_eq!(person.put("/users/me/password", &body).await.faults(), ["/current_password", "/new_password"]);
    assert_eq!(person.put("/users/me/password", &json!({})).await.faults(), ["/new_password"]);
    login(&service.api(), &person.email, PASSWORD).await.is(200);
}

async fn a_changed_password_is_normalized_to_nfc_s6(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    change(&person, Some(PASSWORD), "cafe\u{301}-lantern-93-quay").await.is(204);
    login(&service.api(), &person.email, "caf\u{e9}-lantern-93-quay").await.is(200);
    change(&person, Some("caf\u{e9}-lantern-93-quay"), NEW).await.is(204);
}

async fn one_of_eight_concurrent_password_changes_succeeds(backend: Backend) {
    let service = Service::start(backend).await;
    let second = service.installation.start_another();
    let person = Person::register(&service.api()).await;
    let mut sessions = Vec::new();
    for number in 0..8 {
        let session = person.again().await;
        sessions.push(if number % 2 == 0 { session } else { session.at_node(&second) });
    }
    let mut running = JoinSet::new();
    for (number, session) in sessions.into_iter().enumerate() {
        running.spawn(async move {
            let answer = change(&session, Some(PASSWORD), &format!("{NEW}-{number}")).await;
            (number, session, answer)
        });
    }
    let done = running.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(|(.., answer)| answer.status == 204);
    assert_eq!(made.len(), 1, "{:?}", refused.iter().map(|(.., answer)| answer.text()).collect::<Vec<_>>());
    for (number, session, answer) in refused {
        // A later request has lost its session or finds another current password.
        assert!([400, 401].contains(&answer.status), "{}", answer.text());
        session.get("/users/me").await.problem(401, "invalid_token");
        login(&service.api(), &person.email, &format!("{NEW}-{number}")).await.is(401);
    }
    let (number, session, _) = &made[0];
    session.get("/users/me").await.is(200);
    login(&service.api(), &person.email, &format!("{NEW}-{number}")).await.is(200);
}

async fn a_session_started_during_a_password_change_is_ended(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    ends_concurrent_sign_ins(&service, &person.email, change(&person, Some(PASSWORD), NEW)).await;
}

async fn a_password_change_reveals_no_password_or_hash_s13(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let wrong = "another-violet-lantern-17";
    let answers = [
        change(&person, Some(wrong), NEW).await,
        change(&person, Some(PASSWORD), "short7!").await,
        change(&person, Some(PASSWORD), NEW).await,
    ];
    for text in answers.iter().map(Answer::text).chain([service.node.log()]) {
        assert!(![PASSWORD, NEW, wrong, "short7!", "$argon2"].iter().any(|secret| text.contains(secret)), "{text}");
    }
}

async fn changes_of_account_and_data_are_audited_s198(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let owner = &acme.owner;
    // No digits in the secret values, because ids and times contain short digit sequences by chance.
    owner.put("/users/me", &json!({"first_name": "Ada"})).await.is(200);
    change(owner, Some("wrong"), NEW).await.is(400);
    change(owner, Some(PASSWORD), NEW).await.is(204);
    owner.put("/users/me/custom-data", &json!({"data": {"pin": "swordfish"}})).await.is(200);
    owner.put(&format!("/orgs/{}/settings", acme.org), &json!({"settings": {"pin": "swordfish"}})).await.is(200);
    let path = format!("/orgs/{}/custom-system-data/{}", acme.org, owner.id);
    owner.put(&path, &json!({"data": {"pin": "swordfish"}})).await.is(200);
    let own = crate::audit::trail(&acme.service.installation, None).await;
    let within = crate::audit::trail(&acme.service.installation, Some(&acme.org)).await;
    for (events, actions) in [
        (&own, ["user.updated", "password.change_refused", "password.changed", "custom_data.written"].as_slice()),
        (&within, &["organization.settings_updated", "system_data.written"]),
    ] {
        let by_owner: Vec<&str> = events
            .iter()
            .filter(|event| event.actor.as_ref().is_some_and(|(_, id)| id.to_string() == owner.id))
            .map(|event| event.name.as_str())
            .filter(|name| actions.contains(name))
            .collect();
        assert_eq!(by_owner, actions);
        assert!(!format!("{events:?}").contains("swordfish"));
    }
    assert!(!acme.service.node.log().contains("swordfish"));
}
