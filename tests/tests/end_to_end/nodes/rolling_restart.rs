//! Restarts of all nodes behind a load balancer under load, one after the other.
//!
//! `TEST_RESTARTS` is the number of restarts of each node.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Api, try_send},
    balancer::Balancer,
    cluster::Cluster,
    database::Backend,
    eventually,
    process::Installation,
    test_org::TestOrg,
};
use tokio::task::JoinSet;

use super::activation::{PATIENCE, restarts};

/// Writes until the end. Each request must succeed at the first attempt.
async fn write(api: Api, path: String, client: usize, ended: Arc<AtomicBool>, done: Arc<AtomicUsize>) {
    for number in 0_u64.. {
        if ended.load(Ordering::SeqCst) {
            return;
        }
        let body = json!({"sku": format!("c{client}-{number}")});
        let answer = try_send(api.request(Method::POST, &format!("/api/v1{path}")).json(&body)).await;
        answer.unwrap_or_else(|error| panic!("a request has failed: {error}")).is(201);
        done.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_behind_a_load_balancer_fails_no_request() {
    let installation = Installation::new(Backend::Postgres).await;
    let installation = installation.set("TESSERA_DRAIN_SECONDS", "2").set("TESSERA_THROTTLE", "off");
    let acme = TestOrg::open_on(installation).await;
    let (key, path, installation) = (acme.key().await, acme.inventory(), &acme.service.installation);
    let ports = [(); 3].map(|()| Cluster::any_port());
    let start = |port: u16| installation.spawn_with(&[("TESSERA_LISTEN", &format!("127.0.0.1:{port}"))]).ready();
    let mut nodes = ports.map(start);
    let balancer = Balancer::start(&ports).await;
    let api = Api::new(&balancer.url()).key(&key.raw);
    eventually("the load balancer has nodes", PATIENCE, || async {
        (api.get_root("/health/ready").await.status == 200).then_some(())
    })
    .await;
    let (ended, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let mut clients = JoinSet::new();
    for client in 0..4 {
        clients.spawn(write(api.clone(), path.clone(), client, Arc::clone(&ended), Arc::clone(&done)));
    }
    let go_on = async || {
        let before = done.load(Ordering::SeqCst);
        eventually("requests succeed", PATIENCE, || {
            std::future::ready((done.load(Ordering::SeqCst) >= before + 20).then_some(()))
        })
        .await;
    };
    for _ in 0..restarts() {
        for (node, port) in nodes.iter_mut().zip(ports) {
            go_on().await;
            node.terminate();
            assert_eq!(node.wait(PATIENCE).await.code(), Some(0), "{}", node.log());
            *node = start(port);
            // Before the next node stops.
            eventually("the load balancer uses the node", PATIENCE, || {
                std::future::ready(node.log().contains("/inventory").then_some(()))
            })
            .await;
        }
    }
    go_on().await;
    ended.store(true, Ordering::SeqCst);
    clients.join_all().await;
    eprintln!("{} requests, none failed", done.load(Ordering::SeqCst));
}
