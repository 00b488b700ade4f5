//! Backups while the service writes, and backups that are killed.
//!
//! `TEST_BACKUPS` is the number of backups under load, and of backups that are killed.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tessera_tests::{
    api::Api,
    database::Backend,
    eventually,
    test_org::{Service, TestOrg},
};
use tokio::task::JoinSet;

use super::empty;
use crate::nodes::crash::items;

/// 3, or `TEST_BACKUPS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
fn backups() -> usize {
    std::env::var("TEST_BACKUPS").map_or(3, |number| number.parse().unwrap_or_else(|error| panic!("{error}")))
}

/// What the writers know.
#[derive(Default)]
struct Load {
    /// The last acknowledged version of each item.
    acknowledged: Mutex<BTreeMap<String, i64>>,
    /// The time of each write, and whether a backup was being written at its end.
    times: Mutex<Vec<(Duration, bool)>>,
    in_backup: AtomicBool,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    async fn write(self: Arc<Self>, api: Api, path: String, writer: usize) {
        for number in 0.. {
            let (sku, begun) = (format!("w{writer}-{}", number % 50), Instant::now());
            let made = api.post(&path, &json!({"sku": sku, "quantity": number})).await;
            assert!([200, 201].contains(&made.status), "{}", made.text());
            locked(&self.times).push((begun.elapsed(), self.in_backup.load(Ordering::Relaxed)));
            locked(&self.acknowledged).insert(sku, made.json()["version"].as_i64().unwrap_or_default());
        }
    }

    fn writes(&self) -> usize {
        locked(&self.times).len()
    }

    /// The time that 99 of 100 writes did not exceed.
    fn p99(&self, in_backup: bool) -> Duration {
        let mut times: Vec<Duration> =
            locked(&self.times).iter().filter(|(_, during)| *during == in_backup).map(|(time, _)| *time).collect();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_has_every_write_that_was_acknowledged_before() {
    let acme = TestOrg::open(Backend::Sqlite).await;
    let (path, key, load) = (acme.inventory(), acme.key().await, Arc::<Load>::default());
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        writers.spawn(Arc::clone(&load).write(acme.api().key(&key.raw), path.clone(), writer));
    }
    for number in 0..backups() {
        let before = load.writes();
        eventually("more writes", Duration::from_mins(1), || {
            std::future::ready((load.writes() >= before + 50).then_some(()))
        })
        .await;
        let file = acme.service.installation.home().join(format!("{number}.db"));
        let file = file.to_str().unwrap_or_default();
        let known = locked(&load.acknowledged).clone();
        load.in_backup.store(true, Ordering::Relaxed);
        let said = acme.service.installation.output_of(&["backup", file]);
        load.in_backup.store(false, Ordering::Relaxed);
        assert!(said.contains(file) && said.contains("TESSERA_MASTER_KEY"), "{said}");
        let mode = std::fs::metadata(file).map(|known| known.permissions().mode() & 0o777).ok();
        assert_eq!(mode, Some(0o600));

        let restored = empty().await;
        restored.output_of(&["restore", file]);
        let node = restored.start();
        let kept = items(&node.api().key(&key.raw), &path).await;
        for (sku, version) in known {
            let there = kept.get(&sku).and_then(|item| item["version"].as_i64());
            assert!(there.is_some_and(|there| there >= version), "{sku}: acknowledged {version}, found {there:?}");
        }
    }
    writers.abort_all();
    let (during, without) = (load.p99(true), load.p99(false));
    eprintln!("{} backups, {} writes: p99 during backups {during:?}, without {without:?}", backups(), load.writes());
    let left = std::fs::read_dir(acme.service.installation.home()).into_iter().flatten().flatten();
    let left: Vec<_> =
        left.map(|entry| entry.file_name()).filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_backup_leaves_no_file_with_the_name() {
    let (Service { installation, node }, person) = Service::with_person(Backend::Sqlite).await;
    let path = |number: usize| installation.home().join(format!("{number}.db"));
    let begun = Instant::now();
    installation.output_of(&["backup", path(0).to_str().unwrap_or_default()]);
    let longest = begun.elapsed();
    let (count, mut complete) = (4 * backups(), 0);
    for number in 1..=count {
        let (file, part) = (path(number), u32::try_from(number).unwrap_or_default());
        let file = file.to_str().unwrap_or_default();
        let mut command = installation.spawn_command(&["backup", file]);
        // Spread over the time that a backup takes.
        tokio::time::sleep(longest * part / u32::try_from(count).unwrap_or(1)).await;
        drop(command.kill());
        drop(command.wait());
        if std::fs::exists(file).unwrap_or_default() {
            // It was complete before the kill.
            empty().await.output_of(&["restore", file]);
            complete += 1;
        } else {
            // What the killed one left does not prevent the next one.
            installation.output_of(&["backup", file]);
        }
    }
    assert!(complete < count, "no kill came before the end");
    node.api().bearer(&person.token).get("/users/me").await.is(200);
}
