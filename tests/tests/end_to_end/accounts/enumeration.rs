//! Responses do not reveal which accounts exist.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    on_both,
    process::Installation,
    test_org::{Person, Service},
};

async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.post("/auth/login", &json!({"email": email, "password": password})).await
}

/// A response without its date and request id.
pub(crate) fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    // What a limit has left depends on the attempts before, for every address alike.
    let varying = ["date", "x-request-id", "content-length", "ratelimit", "ratelimit-policy"];
    let kept = answer.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str()));
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<_> = kept.map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    (answer.status, headers, body)
}

on_both! {
    a_failed_login_returns_the_same_for_every_reason_s16
    a_failed_login_costs_one_hash_for_every_reason_s17
}

async fn a_failed_login_returns_the_same_for_every_reason_s16(backend: Backend) {
    let (service, known) = Service::with_person(backend).await;
    let api = service.api();
    let wrong = login(&api, &known.email, "wrong-violet-lantern-17").await;
    wrong.problem(401, "invalid_credentials");
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
    for email in ["unknown@example.com", "not an address", "", "a@b@c.com"] {
        let unknown = login(&api, email, "wrong-violet-lantern-17").await;
        assert_eq!(shape(&unknown), shape(&wrong), "{email}");
    }
    let endless = "x".repeat(2000);
    assert_eq!(shape(&login(&api, "unknown@example.com", &endless).await), shape(&wrong));
    assert_eq!(shape(&login(&api, &known.email, &endless).await), shape(&wrong));
    assert_eq!(shape(&login(&api, &known.email, "").await), shape(&wrong));
}

async fn a_failed_login_costs_one_hash_for_every_reason_s17(backend: Backend) {
    let (service, known) = Service::with_person(backend).await;
    let with = cost(&service, &known.email, 20).await;
    let without = cost(&service, "unknown@example.com", 20).await;
    let malformed = cost(&service, "no address", 20).await;
    // A hash takes tens of milliseconds and everything else a few, so a factor of two shows a missing hash.
    assert!(without > with / 2, "unknown {without:?}, known {with:?}");
    assert!(malformed > with / 2, "malformed {malformed:?}, known {with:?}");
    assert!(with > without / 2, "unknown {without:?}, known {with:?}");
}

/// An operator raises the cost of hashes. Hashes of both costs exist until all users have signed in again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_login_costs_the_same_with_hashes_of_two_costs_s17() {
    let installation = Installation::new(Backend::Sqlite).await.set("TESSERA_THROTTLE", "off");
    let Service { node, installation } = Service::on(installation);
    let old = Person::register(&node.api()).await;
    drop(node);
    let raised = installation.set("TESSERA_ARGON2_MEMORY_KIB", "65536").set("TESSERA_ARGON2_ITERATIONS", "3");
    let service = Service::on(raised);
    let new = Person::register(&service.api()).await;
    let mut costs = Vec::new();
    for email in [&*old.email, &*new.email, "unknown@example.com", "no address"] {
        costs.push(cost(&service, email, 8).await);
    }
    let (least, most) = (costs.iter().min(), costs.iter().max());
    // The new cost is at least five times the old one.
    assert!(least.zip(most).is_some_and(|(least, most)| *most < *least * 3 / 2), "old, new, unknown, none: {costs:?}");
}

/// The processor time of the service for a number of failed sign-ins.
async fn cost(service: &Service, email: &str, times: usize) -> Duration {
    let (began, spent) = (Instant::now(), processor_time(service.node.pid()));
    for _ in 0..times {
        login(&service.api(), email, "wrong-violet-lantern-17").await.is(401);
    }
    match (spent, processor_time(service.node.pid())) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        // Without processor times of the system: the elapsed time, which concurrent tests distort.
        _ => began.elapsed(),
    }
}

/// The processor time of a process so far. Linux counts it in hundredths of a second.
fn processor_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<u64> = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Some(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}
