//! After a restore, nothing from before is accepted, and withdrawals are repeated from both sources.

use std::path::Path;

use tessera_tests::{
    database::Backend,
    process::{Installation, MASTER_KEY, Node},
    test_org::{Service, TestOrg},
};

use super::{
    empty, failed,
    rights::{Ending, Rights},
};
/// Writes what the node has logged to a file, as a log collector does, and returns the path of the file.
fn keep_log(node: &Node, home: &Path) -> String {
    let file = home.join("audit.log");
    std::fs::write(&file, node.log()).unwrap_or_else(|error| panic!("{error}"));
    file.to_string_lossy().into_owned()
}

/// Stops the service, and returns its parts.
fn stopped(acme: TestOrg) -> Installation {
    let Service { installation, node } = acme.service;
    node.kill();
    installation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_are_repeated_from_the_moved_database_and_from_the_log_on_sqlite() {
    let acme = TestOrg::open(Backend::Sqlite).await;
    let (rights, ending) = (Rights::open(&acme).await, Ending::open(&acme).await);
    let home = acme.service.installation.home().to_owned();
    let backup = home.join("backup.db").to_string_lossy().into_owned();
    acme.service.installation.output_of(&["backup", &backup]);
    rights.withdraw(&acme.service.node).await;
    let log = keep_log(&acme.service.node, &home);
    let installation = stopped(acme);

    let said = installation.output_of(&["restore", "--force", &backup]);
    assert!(said.contains("Withdrawals that were repeated: 11"), "{said}");
    let node = installation.start();
    ending.check(&node).await;
    rights.check(&node, true).await;
    let said = failed(&installation, &["after-restore"]);
    assert!(said.contains(&format!("process {}", node.pid())), "{said}");
    node.kill();

    // On another machine, nothing knows of the withdrawals but the log.
    let other = empty().await;
    let said = other.output_of(&["restore", &backup]);
    assert!(said.contains("repeated: 0") && said.contains("--audit-log"), "{said}");
    let said = other.output_of(&["after-restore", "--audit-log", &log]);
    assert!(said.contains("Withdrawals that were repeated: 11"), "{said}");
    let again = other.output_of(&["after-restore", "--audit-log", &log]);
    assert!(again.contains("Withdrawals that were repeated: 0"), "{again}");
    let node = other.start();
    ending.check(&node).await;
    rights.check(&node, true).await;
    let entries = crate::audit::trail(&other, None).await;
    assert_eq!(entries.iter().filter(|entry| entry.name == "database.restored").count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_are_repeated_from_the_log_on_postgres() {
    let acme = TestOrg::open(Backend::Postgres).await;
    let (rights, ending) = (Rights::open(&acme).await, Ending::open(&acme).await);
    let home = acme.service.installation.home().to_owned();
    let installation = stopped(acme);
    let backup = installation.database().copy().await;
    let node = installation.start();
    rights.withdraw(&node).await;
    let log = keep_log(&node, &home);
    node.kill();

    let installation = installation.set("TESSERA_DATABASE_URL", backup.url()).set("TESSERA_MASTER_KEY", MASTER_KEY);
    let node = installation.start();
    // By then, the node has its connection for revocations.
    rights.owner.at_node(&node).again().await.get("/users/me").await.is(200);
    let said = failed(&installation, &["after-restore"]);
    assert!(said.contains("stop all nodes first"), "{said}");
    node.kill();
    backup.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").await;
    let said = installation.output_of(&["after-restore", "--audit-log", &log]);
    assert!(said.contains("Withdrawals that were repeated: 11"), "{said}");
    let node = installation.start();
    ending.check(&node).await;
    rights.check(&node, true).await;
    node.kill();
    drop(installation);
    drop(backup);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_that_were_not_withdrawn_stay() {
    let acme = TestOrg::open(Backend::Sqlite).await;
    let rights = Rights::open(&acme).await;
    let backup = acme.service.installation.home().join("backup.db").to_string_lossy().into_owned();
    acme.service.installation.output_of(&["backup", &backup]);
    let installation = stopped(acme);
    let said = installation.output_of(&["restore", "--force", &backup]);
    assert!(said.contains("Withdrawals that were repeated: 0"), "{said}");
    rights.check(&installation.start(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_no_audit_log_changes_nothing() {
    let (Service { installation, node }, person) = Service::with_person(Backend::Sqlite).await;
    node.kill();
    let log = installation.home().join("wrong.log").to_string_lossy().into_owned();
    for (text, reason) in [
        ("a text\n{\"target\":\"tessera\"}\n", "no line of the log"),
        (
            "{\"target\":\"audit\",\"outcome\":\"success\",\"name\":\"api_key.revoked\"}\n",
            "line 1 has the target audit",
        ),
    ] {
        std::fs::write(&log, text).unwrap_or_else(|error| panic!("{error}"));
        let said = failed(&installation, &["after-restore", "--audit-log", &log]);
        assert!(said.contains(reason), "{said}");
    }
    person.at_node(&installation.start()).get("/users/me").await.is(200);
}
