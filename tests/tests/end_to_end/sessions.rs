//! Sessions: one for each sign-in, ended on time, and alive across a restart.

use std::time::Duration;

use tessera_tests::{
    database::Backend,
    eventually, on_both,
    process::Installation,
    studio::{Person, Service},
};

on_both! {
    s43_rt_absolute
    s49_sess_fix
    a_token_outlives_a_restart
    s42_rt_persist
}

async fn s43_rt_absolute(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_SESSION_TTL", "3"));
    let person = Person::join(&service.api()).await;
    person.get("/users/me").await.is(200);
    eventually("the session ends", Duration::from_secs(10), || async {
        let answer = person.get("/users/me").await;
        (answer.status != 200).then(|| answer.problem(401, "invalid_token"))
    })
    .await;
    assert!(!person.again().await.token.is_empty());
}

async fn s49_sess_fix(backend: Backend) {
    let service = Service::start(backend).await;
    let person = Person::join(&service.api()).await;
    let again = person.again().await;
    assert_ne!(again.token, person.token);
    person.get("/users/me").await.is(200);
    again.get("/users/me").await.is(200);
}

async fn a_token_outlives_a_restart(backend: Backend) {
    let Service { installation, mut node } = Service::start(backend).await;
    let person = Person::join(&node.api()).await;
    node.terminate();
    assert!(node.wait(Duration::from_secs(10)).await.success());
    let node = installation.start();
    person.at_node(&node).get("/users/me").await.is(200);
}

async fn s42_rt_persist(backend: Backend) {
    let Service { installation, node } = Service::start(backend).await;
    let (ended, live) = {
        let person = Person::join(&node.api()).await;
        (person.again().await, person)
    };
    ended.post("/auth/logout", &serde_json::json!({})).await.is(204);
    node.kill();
    let node = installation.start();
    ended.at_node(&node).get("/users/me").await.problem(401, "invalid_token");
    live.at_node(&node).get("/users/me").await.is(200);
}
