//! Revoked credentials are rejected by the node that acknowledges the revocation, and by all others within a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tessera_tests::{
    REVOCATION_BOUND,
    api::Api,
    database::Backend,
    eventually, on_both, on_postgres,
    process::Node,
    rejected_in_time,
    test_org::{Key, Person, TestOrg},
};

/// Verifies a key continuously, and stores the start and the result of each request.
struct Questioner {
    stop: Arc<AtomicBool>,
    valid: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Vec<(Instant, String)>>,
}

impl Questioner {
    fn start(api: &Api, key: &Key) -> Self {
        let (api, body) = (api.clone(), json!({"key": key.raw}));
        let stop = Arc::new(AtomicBool::new(false));
        let valid = Arc::new(AtomicUsize::new(0));
        let (stopped, found_valid) = (Arc::clone(&stop), Arc::clone(&valid));
        let task = tokio::spawn(async move {
            let mut answers = Vec::new();
            while !stopped.load(Ordering::Relaxed) && answers.len() < 100_000 {
                let began = Instant::now();
                let answer = api.post("/apikeys/verify", &body).await.expecting(200);
                let code = answer["code"].as_str().unwrap_or_default().to_owned();
                found_valid.fetch_add(usize::from(code == "valid"), Ordering::Relaxed);
                answers.push((began, code));
            }
            answers
        });
        Self { stop, valid, task }
    }

    async fn finish(self) -> Vec<(Instant, String)> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Revokes the key while both nodes verify it. The node that revokes it rejects every request that starts after the
/// revocation, and the other one every request that starts a second after it.
async fn dies_everywhere(acme: &TestOrg, other: &Node, key: &Key, kill: impl AsyncFnOnce(), then: &str) {
    let nodes = [acme.api(), other.api()];
    let questioners: Vec<(Duration, Questioner)> = [(Duration::ZERO, &nodes[0]), (REVOCATION_BOUND, &nodes[1])]
        .into_iter()
        .flat_map(|(bound, api)| [(bound, Questioner::start(api, key)), (bound, Questioner::start(api, key))])
        .collect();
    eventually("everybody has an answer", Duration::from_secs(20), || {
        let all = questioners.iter().all(|(_, questioner)| questioner.valid.load(Ordering::Relaxed) > 0);
        std::future::ready(all.then_some(()))
    })
    .await;
    kill().await;
    let dead = Instant::now();
    let code = async |api: &Api| api.post("/apikeys/verify", &json!({"key": key.raw})).await.json()["code"].clone();
    for _ in 0..5 {
        assert_eq!(code(&nodes[0]).await, then);
    }
    eventually("the other node", REVOCATION_BOUND, || async { (code(&nodes[1]).await == then).then_some(()) }).await;
    for (bound, questioner) in questioners {
        let answers = questioner.finish().await;
        let late = answers.iter().filter(|(began, _)| *began > dead + bound).map(|(_, code)| code.as_str());
        assert!(late.clone().all(|code| code == then), "{bound:?}: {:?}", late.collect::<Vec<_>>());
    }
}

on_both! {
    a_revoked_key_is_rejected_on_every_node_s135
    deleting_an_application_revokes_its_keys_on_every_node_s136
    recording_the_last_use_does_not_restore_a_revoked_key_s137
    a_key_stays_valid_after_its_creator_is_removed_s143
    a_logout_ends_the_session_on_every_node_s45
    a_role_change_takes_effect_on_every_node_s149
}

on_postgres! {
    a_node_that_was_paused_accepts_nothing_that_ended_meanwhile_s135
}

async fn a_revoked_key_is_rejected_on_every_node_s135(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (other, key) = (acme.service.installation.start_another(), acme.key().await);
    let revoke = async || acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    dies_everywhere(&acme, &other, &key, revoke, "revoked").await;
}

async fn deleting_an_application_revokes_its_keys_on_every_node_s136(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (other, key) = (acme.service.installation.start_another(), acme.key().await);
    let delete = async || acme.owner.delete(&format!("/apps/{}", acme.app)).await.is(204);
    dies_everywhere(&acme, &other, &key, delete, "not_found").await;
}

async fn recording_the_last_use_does_not_restore_a_revoked_key_s137(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let list = format!("/apps/{}/apikeys", acme.app);
    acme.api().key(&key.raw).get(&acme.inventory()).await.is(200);
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    // The use before the revocation is recorded later, and does not make the key valid again.
    let keys = eventually("the last use", Duration::from_secs(20), || async {
        let keys = acme.owner.get(&list).await.expecting(200);
        keys[0]["last_used"].is_string().then_some(keys)
    });
    assert!(keys.await[0]["revoked_at"].is_string());
    assert_eq!(acme.verify(&key.raw).await["code"], "revoked");
}

async fn a_key_stays_valid_after_its_creator_is_removed_s143(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let key = admin.make_key(&acme.app, &json!({"permissions": ["inventory:read"]})).await;
    acme.owner.delete(&acme.members(Some(&admin.id))).await.is(204);
    assert_eq!(acme.verify(&key.raw).await["code"], "valid");
    admin.delete(&format!("/apikeys/{}", key.id)).await.problem(404, "api_key_not_found");
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
}

async fn a_logout_ends_the_session_on_every_node_s45(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let (here, kept) = (acme.owner.again().await, acme.owner.again().await);
    let there = Person::at_node(&here, &other);
    there.get("/users/me").await.is(200);
    here.post("/auth/logout", &json!({})).await.is(204);
    rejected_in_time(401, "invalid_token", async || there.get("/users/me").await).await;
    here.get("/users/me").await.problem(401, "invalid_token");
    here.post("/auth/logout", &json!({})).await.problem(401, "invalid_token");
    kept.get("/users/me").await.is(200);
}

async fn a_role_change_takes_effect_on_every_node_s149(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let admin = acme.add_member("admin").await;
    let there = Person::at_node(&admin, &other);
    let (keys, role) = (format!("/apps/{}/apikeys", acme.app), acme.members(Some(&admin.id)));
    there.get(&keys).await.is(200);
    acme.owner.put(&role, &json!({"role": "member"})).await.is(200);
    admin.get(&keys).await.problem(403, "forbidden");
    rejected_in_time(403, "forbidden", async || there.get(&keys).await).await;
    acme.owner.put(&role, &json!({"role": "admin"})).await.is(200);
    admin.get(&keys).await.is(200);
    eventually("the new role", REVOCATION_BOUND, || async { (there.get(&keys).await.status == 200).then_some(()) })
        .await;
    acme.owner.delete(&role).await.is(204);
    admin.get(&keys).await.problem(404, "application_not_found");
    rejected_in_time(404, "application_not_found", async || there.get(&keys).await).await;
}

async fn a_node_that_was_paused_accepts_nothing_that_ended_meanwhile_s135(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let (key, member) = (acme.key().await, acme.add_member("admin").await);
    let there = Person::at_node(&member, &other);
    let (verify, keys) = (json!({"key": key.raw}), format!("/apps/{}/apikeys", acme.app));
    // The pause may catch the node while it holds a lock of the database, which then rejects the revocation.
    let mut revoked = None;
    for _ in 0..5 {
        assert_eq!(other.api().post("/apikeys/verify", &verify).await.json()["code"], "valid");
        there.get(&keys).await.is(200);
        other.pause();
        let answer = acme.owner.delete(&format!("/apikeys/{}", key.id)).await;
        if answer.status != 503 {
            revoked = Some(answer);
            break;
        }
        other.resume();
    }
    revoked.unwrap_or_else(|| panic!("every pause caught a lock")).is(204);
    acme.owner.delete(&acme.members(Some(&member.id))).await.is(204);
    // The requests start after the bound, and wait for the node to continue.
    tokio::time::sleep(REVOCATION_BOUND).await;
    let verifying = tokio::spawn({
        let api = other.api();
        async move { api.post("/apikeys/verify", &verify).await.json()["code"].clone() }
    });
    let asking = tokio::spawn(async move { there.get(&keys).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.resume();
    assert_eq!(verifying.await.unwrap_or_default(), "revoked");
    let answer = asking.await.unwrap_or_else(|error| panic!("{error}"));
    answer.problem(404, "application_not_found");
}
