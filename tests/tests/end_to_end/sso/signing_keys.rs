//! Signing keys of service tokens: published, rotated, replaced, and shared by all nodes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use tessera_tests::{
    api::{Api, send},
    database::Backend,
    eventually, jose, on_both, on_postgres,
    process::{Installation, Starting},
    test_org::{Service, TestOrg},
};

use crate::sso::exchange::{ask, exchanged, keys};

fn kids(keys: &Value) -> Vec<String> {
    let all = keys["keys"].as_array().unwrap_or_else(|| panic!("no keys: {keys}"));
    all.iter().filter_map(|key| key["kid"].as_str()).map(str::to_owned).collect()
}

/// The `kid` of the key that signs at a node.
async fn signing(api: &Api, acme: &TestOrg) -> String {
    let token = exchanged(api, &acme.org, &acme.app).await;
    let (header, _) = jose::verify(&keys(api).await, &token).unwrap_or_else(|error| panic!("{error}"));
    header["kid"].as_str().unwrap_or_default().to_owned()
}

/// Runs `tessera keys …` and returns its output.
#[track_caller]
fn run(installation: &Installation, arguments: &[&str]) -> String {
    let output = installation.run(&[&["keys"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

on_both! {
    published_keys_contain_only_public_members_s71
    the_length_of_signing_keys_can_be_configured
    published_keys_can_be_cached_and_revalidated_s75
    signing_keys_outlive_a_restart
    keys_are_listed
    a_new_key_is_published_before_it_signs_s73
    concurrent_rotations_create_one_key
    an_emergency_rotation_removes_the_old_key_on_every_node_s74
}

on_postgres! {
    two_processes_that_start_at_once_have_the_same_keys
}

async fn published_keys_contain_only_public_members_s71(backend: Backend) {
    let service = Service::start(backend).await;
    let keys = keys(&service.api()).await;
    let all = keys["keys"].as_array().unwrap_or_else(|| panic!("no keys: {keys}"));
    assert_eq!((keys.as_object().map(serde_json::Map::len), all.len()), (Some(1), 1));
    let mut members: Vec<&String> = all[0].as_object().into_iter().flatten().map(|(name, _)| name).collect();
    members.sort();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!((&all[0]["kty"], &all[0]["use"], &all[0]["alg"]), (&"RSA".into(), &"sig".into(), &"RS256".into()));
    // 256 bytes in base64url.
    assert_eq!(all[0]["n"].as_str().map(str::len), Some(342));
    assert_eq!(all[0]["e"], "AQAB");
}

async fn the_length_of_signing_keys_can_be_configured(backend: Backend) {
    let installation = Installation::empty(backend).await.set("TESSERA_SIGNING_KEY_BITS", "3072");
    let acme = TestOrg::open_on(installation).await;
    assert_eq!(keys(&acme.api()).await["keys"][0]["n"].as_str().map(str::len), Some(512));
    signing(&acme.owner, &acme).await;
}

async fn published_keys_can_be_cached_and_revalidated_s75(backend: Backend) {
    let service = Service::start(backend).await;
    let answer = service.api().get_root("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let tag = answer.header("etag").unwrap_or_else(|| panic!("no ETag")).to_owned();
    let again = service.api().request(Method::GET, "/.well-known/jwks.json").header("If-None-Match", &tag);
    let again = send(again).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    let head = service.api().call(Method::HEAD, "/.well-known/jwks.json", None).await;
    assert_eq!((head.status, head.header("etag")), (200, Some(tag.as_str())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn published_keys_are_served_without_the_database_s75() {
    let acme = TestOrg::open(Backend::Postgres).await;
    let token = exchanged(&acme.owner, &acme.org, &acme.app).await;
    acme.service.installation.database().take_away().await;
    acme.api().get_root("/health/ready").await.problem(503, "not_ready");
    let keys = keys(&acme.api()).await;
    assert!(jose::verify(&keys, &token).is_ok());
    assert_eq!(ask(&acme.owner, &acme.org, &acme.app).await.status, 503);
}

async fn two_processes_that_start_at_once_have_the_same_keys(backend: Backend) {
    let installation = Installation::new(backend).await;
    let starting: Vec<_> = (0..3).map(|_| installation.spawn()).collect();
    let nodes: Vec<_> = starting.into_iter().map(Starting::ready).collect();
    let first = keys(&nodes[0].api()).await;
    assert_eq!(kids(&first).len(), 1);
    for node in &nodes {
        assert_eq!(keys(&node.api()).await, first);
    }
}

async fn signing_keys_outlive_a_restart(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let token = exchanged(&acme.owner, &acme.org, &acme.app).await;
    let Service { installation, node } = acme.service;
    node.kill();
    let node = installation.start();
    assert!(jose::verify(&keys(&node.api()).await, &token).is_ok());
    exchanged(&acme.owner.at_node(&node), &acme.org, &acme.app).await;
}

async fn keys_are_listed(backend: Backend) {
    let service = Service::start(backend).await;
    let known = kids(&keys(&service.api()).await);
    let listed = run(&service.installation, &["list"]);
    let line = listed.lines().nth(1).unwrap_or_default();
    assert!(line.starts_with(&known[0]) && line.contains(" signing "), "{listed}");
    assert_eq!(listed.lines().count(), 2);
}

async fn a_new_key_is_published_before_it_signs_s73(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let there = acme.owner.at_node(&other);
    let old = signing(&acme.owner, &acme).await;
    let kept = keys(&acme.api()).await;
    let listed = run(&acme.service.installation, &["rotate"]);
    assert!(listed.contains(" signing ") && listed.contains(" next "), "{listed}");
    for api in [&*acme.owner, &*there] {
        let published = eventually("the next key is published", Duration::from_secs(20), || async {
            let published = kids(&keys(api).await);
            (published.len() == 2).then_some(published)
        });
        assert_eq!(published.await[0], old);
        // Verifiers may not have the next key yet, so it signs no token yet.
        assert_eq!(signing(api, &acme).await, old);
        let token = exchanged(api, &acme.org, &acme.app).await;
        assert!(jose::verify(&kept, &token).is_ok());
    }
    let again = acme.service.installation.run(&["keys", "rotate"]);
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("under way"), "{said}");
    // The time has the same format as in the list.
    let next = listed.lines().find(|line| line.contains(" next ")).unwrap_or_default();
    let signs_from = next.split_whitespace().nth(3).unwrap_or_default();
    assert!(signs_from.ends_with('Z') && said.contains(signs_from), "{said}{listed}");
}

async fn concurrent_rotations_create_one_key(backend: Backend) {
    let service = Service::start(backend).await;
    let installation = &service.installation;
    let done: Vec<bool> = std::thread::scope(|scope| {
        let rotating: Vec<_> =
            (0..4).map(|_| scope.spawn(|| installation.run(&["keys", "rotate"]).status.success())).collect();
        rotating.into_iter().map(|one| one.join().unwrap_or_default()).collect()
    });
    // A command that starts during another rotation may find it done. A later command fails because a rotation is under
    // way.
    assert!(done.contains(&true), "{done:?}");
    let listed = run(installation, &["list"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
}

/// Requests tokens continuously.
async fn asking(api: Api, acme: Arc<TestOrg>, stop: Arc<AtomicBool>) -> usize {
    let mut given = 0;
    while !stop.load(Ordering::Relaxed) && given < 100_000 {
        exchanged(&api, &acme.org, &acme.app).await;
        given += 1;
    }
    given
}

async fn an_emergency_rotation_removes_the_old_key_on_every_node_s74(backend: Backend) {
    let acme = Arc::new(TestOrg::open(backend).await);
    let other = acme.service.installation.start_another();
    let there = acme.owner.at_node(&other);
    let stop = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = [&*acme.owner, &*there]
        .map(|api| tokio::spawn(asking(api.clone(), Arc::clone(&acme), Arc::clone(&stop))))
        .into();
    let token = exchanged(&acme.owner, &acme.org, &acme.app).await;
    let old = kids(&keys(&acme.api()).await);
    run(&acme.service.installation, &["rotate", "--now"]);
    for api in [&*acme.owner, &*there] {
        let published = eventually("the old key is gone", Duration::from_secs(20), || async {
            let published = keys(api).await;
            (kids(&published) != old).then_some(published)
        });
        let published = published.await;
        assert_eq!(kids(&published).len(), 1);
        assert!(jose::verify(&published, &token).is_err());
        assert_ne!(signing(api, &acme).await, old[0]);
    }
    stop.store(true, Ordering::Relaxed);
    for task in asking {
        assert!(task.await.unwrap_or_else(|error| panic!("an exchange failed: {error}")) > 0);
    }
}

#[tokio::test]
async fn key_commands_fail_without_a_database() {
    let installation = Installation::empty(Backend::Sqlite).await;
    for arguments in [&["keys", "list"][..], &["keys", "rotate", "--now"]] {
        let output = installation.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("there is no database at"), "{said}");
    }
}
