//! Limits of keys under load, on several nodes, and when a node is killed.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, at_once, send},
    database::Backend,
    eventually, on_both,
    test_org::{Key, TestOrg},
};

/// How long a node may keep uses that it does not need.
const RETURN_BOUND: Duration = Duration::from_secs(5);

on_both! {
    of_two_hundred_parallel_verifications_on_two_nodes_the_limit_is_admitted
    of_two_hundred_parallel_verifications_on_two_nodes_the_remaining_uses_are_admitted
    unused_uses_return
    a_killed_node_never_causes_more_uses
    a_limit_counts_requests_and_verifications_together
}

async fn limited(acme: &TestOrg, body: &Value) -> Key {
    acme.owner.make_key(&acme.app, body).await
}

/// A window that does not end during a test, unless the test runs at the turn of a 30-day window.
fn per_month(requests: u32) -> Value {
    json!({"limits": [{"name": "a", "requests": requests, "window_seconds": 2_592_000}]})
}

/// The number of valid results of that many parallel verifications, which take turns on the nodes.
async fn admitted(nodes: &[Api], key: &Key, count: usize) -> usize {
    let body = json!({"key": key.raw});
    let requests =
        nodes.iter().cycle().take(count).map(|node| node.request(Method::POST, "/api/v1/apikeys/verify").json(&body));
    let answers = at_once(requests).await;
    answers.iter().filter(|answer| answer.expecting(200)["code"] == "valid").count()
}

async fn remaining(acme: &TestOrg, key: &Key) -> u64 {
    let found = acme.owner.get(&format!("/apikeys/{}", key.id)).await.expecting(200);
    found["remaining_uses"].as_u64().unwrap_or_else(|| panic!("{found}"))
}

async fn of_two_hundred_parallel_verifications_on_two_nodes_the_limit_is_admitted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = limited(&acme, &per_month(100)).await;
    assert_eq!(admitted(&[acme.api(), other.api()], &key, 200).await, 100);
    let answer = other.api().post("/apikeys/verify", &json!({"key": key.raw})).await.expecting(200);
    let state = &answer["limits"][0];
    assert_eq!((&answer["code"], &state["name"], &state["limit"]), (&json!("rate_limited"), &json!("a"), &json!(100)));
    assert_eq!(state["remaining"], 0);
    assert!(state["reset"].as_u64().is_some_and(|seconds| (1..=2_592_000).contains(&seconds)), "{state}");
}

async fn of_two_hundred_parallel_verifications_on_two_nodes_the_remaining_uses_are_admitted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = limited(&acme, &json!({"remaining_uses": 100})).await;
    assert_eq!(admitted(&[acme.api(), other.api()], &key, 200).await, 100);
    assert_eq!(remaining(&acme, &key).await, 0);
    let user = acme.api().key(&key.raw);
    user.get(&acme.inventory()).await.problem(403, "usage_exceeded");
}

/// The organization at a new node.
fn restarted(mut acme: TestOrg) -> TestOrg {
    acme.service.node = acme.service.installation.start_another();
    acme.owner = acme.owner.at_node(&acme.service.node);
    acme
}

async fn unused_uses_return(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = limited(&acme, &json!({"remaining_uses": 100})).await;
    assert_eq!(admitted(&[acme.api()], &key, 1).await, 1);
    assert!(remaining(&acme, &key).await < 99, "the node has reserved some");
    let returned = || async { (remaining(&acme, &key).await == 99).then_some(()) };
    eventually("the return of the uses", RETURN_BOUND, returned).await;
    // A node that stops returns them at once.
    let mut other = acme.service.installation.start_another();
    assert_eq!(admitted(&[other.api()], &key, 1).await, 1);
    other.terminate();
    assert!(other.wait(Duration::from_secs(20)).await.success());
    let acme = restarted(acme);
    assert_eq!(remaining(&acme, &key).await, 98);
}

async fn a_killed_node_never_causes_more_uses(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = limited(&acme, &json!({"remaining_uses": 100})).await;
    let mut used = 0;
    for _ in 0..3 {
        let node = acme.service.installation.start_another();
        used += admitted(&[node.api()], &key, 5).await;
        node.kill();
    }
    assert_eq!(used, 15);
    let acme = restarted(acme);
    used += admitted(&[acme.api()], &key, 200).await;
    assert!(used <= 100, "{used}");
    // Each node lost at most a quarter of what was left.
    assert!(used >= 15 + 100 * 27 / 64 - 15, "{used}");
    assert_eq!(admitted(&[acme.api()], &key, 5).await, 0);
}

async fn a_limit_counts_requests_and_verifications_together(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let body = json!({
        "permissions": ["inventory:read"],
        "limits": [{"name": "a", "requests": 6, "window_seconds": 2_592_000}],
    });
    let key = limited(&acme, &body).await;
    let (here, there) = (acme.api().key(&key.raw), other.api().key(&key.raw));
    for user in [&here, &there] {
        user.get(&acme.inventory()).await.is(200);
        assert_eq!(admitted(&[user.anonymous()], &key, 2).await, 2);
    }
    let body = json!({"permissions": ["inventory:read"], "remaining_uses": 2});
    let twice = limited(&acme, &body).await;
    for status in [200, 200, 403] {
        // One request with the key in both headers is one use.
        let request = acme.api().key(&twice.raw).request(Method::GET, &format!("/api/v1{}", acme.inventory()));
        send(request.bearer_auth(&twice.raw)).await.is(status);
    }
    for user in [&here, &there] {
        user.get(&acme.inventory()).await.problem(429, "rate_limited");
        assert_eq!(admitted(&[user.anonymous()], &key, 2).await, 0);
    }
}
