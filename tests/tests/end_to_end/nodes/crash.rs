//! Process crashes: acknowledged writes survive.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, try_send},
    database::Backend,
    eventually, on_both,
    test_org::{Service, TestOrg},
};
use tokio::task::JoinSet;

/// Writes items until the service is gone, and returns the last acknowledged version of each item.
async fn write(api: Api, path: String, writer: usize, acknowledged: Arc<AtomicUsize>) -> BTreeMap<String, i64> {
    let mut known = BTreeMap::new();
    for number in 0..100_000 {
        // Every item is written twice, so that both inserts and updates are tested.
        let sku = format!("w{writer}-{}", number / 2);
        let request =
            api.request(Method::POST, &format!("/api/v1{path}")).json(&json!({"sku": sku, "quantity": number}));
        let Ok(answer) = try_send(request).await else { break };
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
        known.insert(sku, answer.json()["version"].as_i64().unwrap_or_default());
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    known
}

/// Every item by its SKU.
pub(crate) async fn items(api: &Api, path: &str) -> BTreeMap<String, Value> {
    let (mut found, mut open) = (BTreeMap::new(), Some(format!("/api/v1{path}?limit=200")));
    while let Some(page) = open {
        let answer = api.get_root(&page).await;
        for item in answer.expecting(200).as_array().into_iter().flatten() {
            found.insert(item["sku"].as_str().unwrap_or_default().to_owned(), item.clone());
        }
        let link =
            answer.header("link").and_then(|link| link.split("8080").nth(1)).and_then(|rest| rest.split('>').next());
        open = link.map(str::to_owned);
    }
    found
}

on_both! {
    what_was_acknowledged_survives_kill_9
    a_process_that_dies_young_can_be_started_again
    a_first_start_that_dies_leaves_nothing_in_the_way
}

async fn what_was_acknowledged_survives_kill_9(backend: Backend) {
    let TestOrg { service, owner, app, .. } = TestOrg::open(backend).await;
    let path = format!("/apps/{app}/inventory");
    let Service { installation, node } = service;
    let key = owner.make_key(&app, &json!({})).await;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        writers.spawn(write(node.api().key(&key.raw), path.clone(), writer, Arc::clone(&acknowledged)));
    }
    eventually("a write load", Duration::from_secs(30), || {
        std::future::ready((acknowledged.load(Ordering::Relaxed) >= 200).then_some(()))
    })
    .await;
    node.kill();
    let known = writers.join_all().await;

    let node = installation.start();
    let server = node.api().key(&key.raw);
    let kept = items(&server, &path).await;
    for (sku, version) in known.iter().flatten() {
        let there = kept.get(sku).and_then(|item| item["version"].as_i64());
        assert!(there.is_some_and(|there| there >= *version), "{sku}: acknowledged {version}, found {there:?}");
    }
    owner.at_node(&node).get("/users/me").await.is(200);
    server.post(&path, &json!({"sku": "afterwards"})).await.is(201);
    assert!(!owner.at_node(&node).again().await.token.is_empty());
}

async fn a_process_that_dies_young_can_be_started_again(backend: Backend) {
    let TestOrg { service, owner, .. } = TestOrg::open(backend).await;
    let Service { installation, node } = service;
    node.kill();
    for _ in 0..3 {
        // Killed at an arbitrary moment of its start.
        drop(installation.spawn());
    }
    owner.at_node(&installation.start()).get("/users/me").await.is(200);
}

async fn a_first_start_that_dies_leaves_nothing_in_the_way(backend: Backend) {
    let installation = tessera_tests::process::Installation::empty(backend).await;
    for milliseconds in [0, 5, 20, 60] {
        let starting = installation.spawn();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        drop(starting);
    }
    let service = Service::on(installation);
    service.api().get_root("/health/ready").await.is(200);
    assert!(!tessera_tests::test_org::Person::register(&service.api()).await.token.is_empty());
}
