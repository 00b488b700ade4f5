//! Sessions: one per sign-in, ended on time, and valid after a restart.

use std::time::Duration;

use tessera_tests::{
    api::text_of,
    database::Backend,
    eventually, on_both,
    process::Installation,
    test_org::{Person, Service},
};

on_both! {
    a_session_expires_after_its_lifetime_s43
    every_login_creates_a_new_session_s49
    an_access_token_is_valid_after_a_restart
    an_ended_session_stays_ended_after_a_restart_s42
    a_user_can_list_and_end_their_sessions_s46
    a_user_cannot_list_or_end_sessions_of_another_user_s50
}

async fn a_session_expires_after_its_lifetime_s43(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_SESSION_TTL", "6"));
    let person = Person::register(&service.api()).await;
    person.get("/users/me").await.is(200);
    eventually("the session ends", Duration::from_secs(20), || async {
        let answer = person.get("/users/me").await;
        (answer.status != 200).then(|| answer.problem(401, "invalid_token"))
    })
    .await;
    assert!(!person.again().await.token.is_empty());
}

async fn every_login_creates_a_new_session_s49(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    let again = person.again().await;
    assert_ne!(again.token, person.token);
    person.get("/users/me").await.is(200);
    again.get("/users/me").await.is(200);
}

async fn an_access_token_is_valid_after_a_restart(backend: Backend) {
    let Service { installation, mut node } = Service::start(backend).await;
    let person = Person::register(&node.api()).await;
    node.terminate();
    assert!(node.wait(Duration::from_secs(10)).await.success());
    let node = installation.start();
    person.at_node(&node).get("/users/me").await.is(200);
}

async fn an_ended_session_stays_ended_after_a_restart_s42(backend: Backend) {
    let Service { installation, node } = Service::start(backend).await;
    let (ended, live) = {
        let person = Person::register(&node.api()).await;
        (person.again().await, person)
    };
    ended.post("/auth/logout", &serde_json::json!({})).await.is(204);
    node.kill();
    let node = installation.start();
    ended.at_node(&node).get("/users/me").await.problem(401, "invalid_token");
    live.at_node(&node).get("/users/me").await.is(200);
}

/// The ids of the user's sessions, and which of them is the current one.
async fn sessions(person: &Person) -> (Vec<String>, Vec<bool>) {
    let listed = person.get("/users/me/sessions").await.expecting(200);
    let listed = listed.as_array().unwrap_or_else(|| panic!("{listed} is no list"));
    for session in listed {
        let fields: Vec<&str> = session.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        let members = [
            "id",
            "current",
            "created_at",
            "last_used_at",
            "expires_at",
            "name",
            "device",
            "address",
            "methods",
            "mfa",
            "authenticated_at",
        ];
        assert_eq!(fields, members, "{session}");
    }
    listed.iter().map(|session| (text_of(session, "id"), session["current"] == true)).unzip()
}

async fn a_user_can_list_and_end_their_sessions_s46(backend: Backend) {
    let Service { installation, node } = Service::start(backend).await;
    let other = installation.start_another();
    let first = Person::register(&node.api()).await;
    let (second, third) = (first.again().await, first.again().await);
    let (ids, current) = sessions(&second).await;
    assert_eq!(current, [false, true, false]);
    second.delete(&format!("/users/me/sessions/{}", ids[0])).await.is(204);
    first.at_node(&other).get("/users/me").await.problem(401, "invalid_token");
    assert_eq!(sessions(&third).await, (ids[1..].to_vec(), vec![false, true]));
    third.delete("/users/me/sessions").await.is(204);
    for ended in [&second, &third] {
        ended.at_node(&other).get("/users/me").await.problem(401, "invalid_token");
    }
    let (ids, current) = sessions(&first.again().await).await;
    assert_eq!((ids.len(), current), (1, vec![true]));
}

async fn a_user_cannot_list_or_end_sessions_of_another_user_s50(backend: Backend) {
    let service = Service::start(backend).await;
    let (one, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    let (ids, _) = sessions(&one).await;
    other.delete(&format!("/users/me/sessions/{}", ids[0])).await.problem(404, "session_not_found");
    assert!(!sessions(&other).await.0.contains(&ids[0]));
    one.get("/users/me").await.is(200);
}
