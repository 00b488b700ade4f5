//! Backups that the service writes by itself.

use std::{path::Path, time::Duration};

use tessera_tests::{
    api::Api, database::Backend, eventually, openmetrics::Exposition, process::Installation, test_org::Person,
};

use super::empty;

const PATIENCE: Duration = Duration::from_secs(30);

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

async fn last_backup(monitor: &Api) -> i64 {
    let scraped = Exposition::read(&monitor.get_root("/metrics").await.text());
    let value = scraped.value("tessera_backup_last_success_timestamp_seconds", &[]);
    format!("{value:.0}").parse().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_writes_backups_and_keeps_the_newest() {
    let installation = Installation::new(Backend::Sqlite).await.set("TESSERA_METRICS_LISTEN", "127.0.0.1:0");
    let person = Person::register(&installation.start().api()).await;
    let directory = installation.home().join("backups");
    std::fs::create_dir(&directory).unwrap_or_else(|error| panic!("{error}"));
    let old = ["tessera-20200101T000000Z.db", "tessera-20200102T000000Z.db"];
    for name in old.into_iter().chain(["notes.txt", "tessera-latest.db"]) {
        std::fs::write(directory.join(name), "").unwrap_or_else(|error| panic!("{error}"));
    }
    let installation = installation.set("TESSERA_BACKUP_DIR", "backups").set("TESSERA_BACKUP_KEEP", "2");
    let node = installation.start();
    let monitor = Api::new(&node.read_metrics_url());
    let written = |names: &[String]| names.iter().filter(|name| name.starts_with("tessera-2")).count();
    eventually("a backup, without the oldest file", PATIENCE, || async {
        let names = names(&directory);
        let is_old_gone = !names.iter().any(|name| name == old[0]);
        (is_old_gone && written(&names) == 2 && last_backup(&monitor).await > 1_700_000_000).then_some(())
    })
    .await;
    let kept = names(&directory);
    assert_eq!((kept.len(), &*kept[0], &*kept[1]), (4, "notes.txt", old[1]), "other files stay: {kept:?}");
    let newest = directory.join(&kept[2]).to_string_lossy().into_owned();
    let restored = empty().await;
    restored.output_of(&["restore", &newest]);
    assert!(!person.at_node(&restored.start()).again().await.token.is_empty());

    // After a restart, the newest file says when the next one is due.
    let at = last_backup(&monitor).await;
    node.kill();
    let node = installation.start();
    assert_eq!(last_backup(&Api::new(&node.read_metrics_url())).await, at);
    assert_eq!(names(&directory), kept);
}
