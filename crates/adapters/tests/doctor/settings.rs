//! Checks of settings and files.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, time::Duration};

use tessera_testkit::expectations::{ok, some};
use tessera_tests::{database::Backend, eventually, on_both, on_sqlite, process::Installation, test_org::Person};

use crate::{CHECKS, DEEP, at_own_url, examine, file_of};

on_both! {
    a_running_installation_is_examined_while_it_serves
}

on_sqlite! {
    invalid_settings_are_a_failure
    a_file_that_others_can_read_is_a_failure
    a_key_file_that_others_can_read_is_a_failure
    a_slow_hash_is_not_accepted
    rate_limits_that_are_off_are_a_failure
    the_age_of_the_newest_backup_is_checked
    the_text_has_a_line_for_each_check_and_its_advice
}

async fn a_running_installation_is_examined_while_it_serves(backend: Backend) {
    // So few connections fit the limit of open files of every machine.
    let installation = at_own_url(Installation::new(backend).await).set("TESSERA_MAX_CONNECTIONS", "100");
    let node = installation.start();
    let person = Person::register(&node.api()).await;
    let report = examine(&installation, &["--deep"]);
    assert_eq!(report.names(), [&CHECKS[..], &DEEP[..]].concat());
    for check in report.names() {
        let expected = match (check, backend) {
            ("public_url" | "mail", _) | ("backup", Backend::Sqlite) => "warn",
            // It depends on what else the machine does.
            ("hashing", _) => continue,
            ("backup" | "operators" | "rpc", _)
            | ("database_tls" | "connections" | "pooler" | "clock", Backend::Sqlite)
            | ("files", Backend::Postgres) => "skip",
            // The server of the tests has fsync = off.
            ("durability", Backend::Postgres) => "fail",
            _ => "ok",
        };
        assert_eq!(report.status(check), expected, "{}", report.finding(check));
    }
    report.has("public_url", "warn", "it is for this machine only");
    report.has("mail", "warn", "set TESSERA_SMTP_URL");
    report.has("config", "ok", "the settings are valid");
    // The service still reads and writes.
    person.create_org().await;
}

async fn the_age_of_the_newest_backup_is_checked(backend: Backend) {
    let installation = Installation::new(backend).await;
    let report = examine(&installation, &[]);
    report.has("backup", "warn", "set TESSERA_BACKUP_DIR");
    report.has("operators", "skip", "operators");
    let directory = installation.home().join("backups");
    let installation = installation.set("TESSERA_BACKUP_DIR", "backups");
    examine(&installation, &[]).has("backup", "warn", "there is no backup in backups yet");
    ok(std::fs::create_dir(&directory));
    ok(std::fs::write(directory.join("tessera-20200101T000000Z.db"), ""));
    examine(&installation, &[]).has("backup", "fail", "start tessera serve");
    let _node = installation.start();
    eventually("a backup", Duration::from_secs(30), || async {
        (examine(&installation, &[]).status("backup") == "ok").then_some(())
    })
    .await;
}

async fn invalid_settings_are_a_failure(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_LISTNE", "127.0.0.1:80");
    let report = examine(&installation, &[]);
    report.has("config", "fail", "TESSERA_LISTNE");
    assert_eq!(report.names(), CHECKS);
    for check in CHECKS.into_iter().filter(|check| *check != "config") {
        report.has(check, "skip", "the settings are invalid");
    }
}

async fn a_file_that_others_can_read_is_a_failure(backend: Backend) {
    let installation = Installation::new(backend).await;
    examine(&installation, &[]).has("files", "ok", "private");
    ok(std::fs::set_permissions(some(file_of(&installation)), Permissions::from_mode(0o644)));
    examine(&installation, &[]).has("files", "fail", "chmod 600");
}

async fn a_key_file_that_others_can_read_is_a_failure(backend: Backend) {
    let installation = Installation::empty(backend).await;
    drop(installation.start());
    let key = some(installation.database().directory()).join("master.key");
    examine(&installation, &[]).has("files", "ok", "private");
    ok(std::fs::set_permissions(&key, Permissions::from_mode(0o604)));
    let report = examine(&installation, &[]);
    report.has("files", "fail", &format!("chmod 600 {}, and chown", key.display()));
    report.has("master_key", "fail", "0604");
    // Without the key, the sealed values are lost.
    ok(std::fs::remove_file(key));
    examine(&installation, &[]).has("master_key", "fail", "restore the file master.key");
}

async fn a_slow_hash_is_not_accepted(backend: Backend) {
    let installation = Installation::new(backend).await;
    let report = examine(&installation, &[]);
    // Other processes may slow it down, too.
    report.has("hashing", report.status("hashing"), "sign-ins per second");
    let report = examine(&installation.set("TESSERA_ARGON2_ITERATIONS", "400"), &[]);
    // On a slow machine, not even one hash is done in time.
    assert!(matches!(report.status("hashing"), "warn" | "fail"), "{}", report.finding("hashing"));
}

async fn rate_limits_that_are_off_are_a_failure(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_THROTTLE", "off");
    examine(&installation, &[]).has("limits", "fail", "unset TESSERA_THROTTLE");
}

async fn the_text_has_a_line_for_each_check_and_its_advice(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_THROTTLE", "off");
    let output = installation.run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = text.lines().map(words).collect();
    let checks: Vec<_> = lines.iter().filter(|words| words[0] != "->").collect();
    assert_eq!(checks.iter().map(|words| words[1].as_str()).collect::<Vec<_>>(), CHECKS);
    let warned = checks.iter().filter(|words| matches!(words[0].as_str(), "warn" | "FAIL")).count();
    assert_eq!(lines.len(), CHECKS.len() + warned, "{text}");
    assert!(text.contains("FAIL  limits") && text.contains("-> unset TESSERA_THROTTLE"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}
