//! Moves that are killed, and repeated.
//!
//! `TEST_MOVE_KILLS` is the number of moves that are killed at a random moment.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::{Duration, Instant},
};

use serde_json::json;
use tessera_tests::{database::TestDatabase, eventually, process::MASTER_KEY, test_org::TestOrg};

use super::{Backend, Lock, Running, migrated_target};
use crate::nodes::crash::items;

/// 3, or `TEST_MOVE_KILLS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
fn kills() -> u32 {
    std::env::var("TEST_MOVE_KILLS").map_or(3, |number| number.parse().unwrap_or_else(|error| panic!("{error}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_and_repeated_is_complete_and_has_no_duplicates() {
    let acme = TestOrg::open(Backend::Sqlite).await;
    let (installation, path) = (&acme.service.installation, acme.inventory());
    for number in 0..100 {
        acme.owner.post(&path, &json!({"sku": format!("s{number}"), "quantity": number})).await.is(201);
    }
    let first = migrated_target(installation).await;
    let begun = Instant::now();
    installation.output_of(&["migrate", "--to", first.url()]);
    let longest = begun.elapsed();
    let said = installation.output_of(&["migrate", "--reopen"]);
    assert!(said.contains("accepts writes again"), "{said}");

    let target = migrated_target(installation).await;
    let mut acknowledged = 100;
    for number in 0..kills() {
        let moving = Running::start(installation, &["migrate", "--to", target.url()]);
        let part = u32::try_from(RandomState::new().hash_one(number) % 1000).unwrap_or_default();
        tokio::time::sleep(longest * part / 1000).await;
        moving.kill();
        let item = json!({"sku": format!("after {number}"), "quantity": 1});
        let answer = acme.owner.post(&path, &item).await;
        match answer.status {
            201 => acknowledged += 1,
            // It came after the source was closed.
            _ => drop(answer.problem(503, "database_moved")),
        }
    }
    installation.output_of(&["migrate", "--to", target.url()]);
    let said = installation.output_of(&["migrate", "--to", target.url(), "--check"]);
    assert!(said.contains("All rows are equal."), "{said}");
    acme.service.node.kill();
    let node = acme.service.installation.set("TESSERA_DATABASE_URL", target.url()).start();
    assert_eq!(items(&acme.owner.at_node(&node), &path).await.len(), acknowledged);
}

async fn state(target: &TestDatabase) -> Option<String> {
    let exists = target.texts("SELECT to_regclass('moved_from')").await;
    if exists.is_empty() { None } else { target.texts("SELECT state FROM moved_from").await.pop() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_between_its_last_steps_leaves_no_database_that_accepts_writes() {
    let acme = TestOrg::open(Backend::Sqlite).await;
    let installation = &acme.service.installation;
    let target = migrated_target(installation).await;
    let wallets = Lock::before_wallets(&target).await;
    let moving = Running::start(installation, &["migrate", "--to", target.url()]);
    eventually("the mark of the target", Duration::from_mins(1), || state(&target)).await;
    let mark = Lock::take(&target, "SELECT id FROM moved_from FOR UPDATE").await;
    wallets.release().await;
    let item = json!({"sku": "late", "quantity": 1});
    let path = acme.inventory();
    eventually("a closed source", Duration::from_mins(1), || async {
        let answer = acme.owner.post(&path, &item).await;
        (answer.json()["code"] == "database_moved").then_some(())
    })
    .await;
    moving.kill();
    // The server does not notice that its client is gone, as long as it waits for the lock.
    target.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'tessera move' AND datname = current_database()").await;
    mark.release().await;
    assert_eq!(state(&target).await.as_deref(), Some("incomplete"));
    acme.owner.post(&path, &item).await.problem(503, "database_moved");
    acme.owner.get("/users/me").await.is(200);

    let url = acme.service.installation.database().url().to_owned();
    let mut service = acme.service;
    service.installation =
        service.installation.set("TESSERA_DATABASE_URL", target.url()).set("TESSERA_MASTER_KEY", MASTER_KEY);
    let starting = service.installation.spawn();
    eventually("a node that waits", Duration::from_mins(1), || {
        std::future::ready(starting.log().contains("has not ended").then_some(()))
    })
    .await;
    assert!(starting.stops_early().await.success());
    let installation = service.installation.set("TESSERA_DATABASE_URL", &url);
    let said = installation.output_of(&["migrate", "--to", target.url()]);
    assert!(said.contains("SHA-256") && said.contains(&format!("TESSERA_DATABASE_URL={}", target.url())), "{said}");
    assert_eq!(state(&target).await.as_deref(), Some("complete"));
    let node = installation.set("TESSERA_DATABASE_URL", target.url()).start();
    acme.owner.at_node(&node).post(&path, &item).await.is(201);
}
