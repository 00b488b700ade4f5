//! A flood from one network does not prevent sign-ins from other networks.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::json;
use tessera_tests::{
    database::Backend,
    eventually,
    process::Installation,
    test_org::{PASSWORD, Person, Service},
};
use tokio::task::JoinSet;

/// More requests than the slots for hashing and the places in the queue.
const FLOOD: usize = 400;

/// A client at 127.0.0.x.
fn client(host: u8) -> Client {
    let builder = Client::builder().no_proxy().local_address(std::net::IpAddr::from([127, 0, 0, host]));
    builder.timeout(Duration::from_mins(1)).build().unwrap_or_else(|error| panic!("no client: {error}"))
}

async fn login(client: &Client, url: &str, email: &str, password: &str) -> Option<StatusCode> {
    let body = json!({"email": email, "password": password});
    let answer = client.post(format!("{url}/api/v1/auth/login")).json(&body).send().await;
    answer.ok().map(|answer| answer.status())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_network_does_not_block_other_sign_ins_s216() {
    let installation = Installation::new(Backend::Sqlite).await.set("TESSERA_THROTTLE", "off");
    // One slot, so that 256 requests wait, and a timeout that keeps the queue full.
    let installation = installation.set("TESSERA_HASH_MEMORY_MIB", "19").set("TESSERA_HASH_QUEUE_MS", "30000");
    let service = Service::on(installation);
    let person = Person::register(&service.api()).await;
    let url = service.node.url().to_owned();
    let refused = Arc::new(AtomicUsize::new(0));
    let (mut flood, attacker) = (JoinSet::new(), client(2));
    for number in 0..FLOOD {
        let (attacker, url, refused) = (attacker.clone(), url.clone(), Arc::clone(&refused));
        flood.spawn(async move {
            let email = format!("nobody{number}@example.com");
            for _ in 0..10_000 {
                if login(&attacker, &url, &email, "wrong-violet-lantern-17").await
                    == Some(StatusCode::SERVICE_UNAVAILABLE)
                {
                    refused.fetch_add(1, Ordering::Relaxed);
                    // Without the pause, the flood would cause rejections instead of hashes.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        });
    }
    let patience = Duration::from_secs(50);
    let refused_more_than = |count| {
        let refused = Arc::clone(&refused);
        move || std::future::ready((refused.load(Ordering::Relaxed) > count).then_some(()))
    };
    eventually("the queue is full", patience, refused_more_than(50)).await;
    let before = refused.load(Ordering::Relaxed);
    let status = login(&client(3), &url, &person.email, PASSWORD).await;
    assert_eq!(status, Some(StatusCode::OK), "a sign-in from another network");
    eventually("the queue is still full", patience, refused_more_than(before)).await;
    // The request waits three times: for the current password, for the strength check of the new one and for its hash.
    let body = json!({"current_password": PASSWORD, "new_password": "lantern-violet-59-harbour"});
    let change = attacker.put(format!("{url}/api/v1/users/me/password")).bearer_auth(&person.token).json(&body);
    let status = change.send().await.ok().map(|answer| answer.status());
    assert_eq!(status, Some(StatusCode::NO_CONTENT), "a user with a session in the network of the flood");
    flood.abort_all();
}
