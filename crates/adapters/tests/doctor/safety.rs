//! What the doctor must not do: change anything, or print a secret.

use std::{collections::BTreeMap, path::Path};

use tessera_testkit::expectations::{ok, some};
use tessera_tests::{
    database::Backend,
    on_both, on_sqlite,
    process::{Installation, MASTER_KEY, free_port},
    smtp::{Sink, WalletBehavior},
    test_org::Person,
};

use crate::{at_own_url, examine};

on_both! {
    no_secret_is_printed
}

on_sqlite! {
    no_file_is_changed_or_made
    nothing_is_made_without_a_database
    a_log_of_a_killed_process_stays
}

/// The files of a directory with their content. The file with the locks of readers is not part of the data.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in ok(std::fs::read_dir(directory)).flatten() {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, content)| (format!("{name}/{inner}"), content)));
            found.insert(name, Vec::new());
        } else if name.ends_with("-shm") {
            found.insert(name, Vec::new());
        } else {
            found.insert(name, ok(std::fs::read(path)));
        }
    }
    found
}

async fn no_file_is_changed_or_made(backend: Backend) {
    let installation = at_own_url(Installation::new(backend).await);
    let directory = some(installation.database().directory()).to_owned();
    let before = files(&directory);
    assert!(!before.contains_key("tessera.db-wal"), "the service has stopped");
    for arguments in [&[][..], &["--deep"]] {
        let report = examine(&installation, arguments);
        assert_eq!(report.output.status.code(), Some(0), "{:?}", report.findings);
        assert!(files(&directory) == before, "{:?}", files(&directory).keys());
    }
    let node = installation.start();
    Person::register(&node.api()).await;
    let names: Vec<String> = files(&directory).into_keys().collect();
    examine(&installation, &["--deep"]);
    assert_eq!(files(&directory).into_keys().collect::<Vec<_>>(), names);
    assert!(names.contains(&"tessera.db-wal".to_owned()));
}

async fn nothing_is_made_without_a_database(backend: Backend) {
    let installation = Installation::empty(backend).await;
    let directory = some(installation.database().directory()).to_owned();
    let missing = directory.join("new/tessera.db");
    let installation = installation.set("TESSERA_DATABASE_URL", &format!("sqlite://{}", missing.display()));
    examine(&installation, &["--deep"]).has("database", "fail", "tessera serve creates a new one");
    assert_eq!(files(&directory), BTreeMap::new());
    assert!(!installation.mail_directory().exists());
}

async fn a_log_of_a_killed_process_stays(backend: Backend) {
    let installation = at_own_url(Installation::new(backend).await);
    let node = installation.start();
    Person::register(&node.api()).await;
    node.kill();
    let directory = some(installation.database().directory()).to_owned();
    let before = files(&directory);
    let report = examine(&installation, &["--deep"]);
    assert_eq!(report.output.status.code(), Some(0), "{:?}", report.findings);
    assert!(files(&directory) == before, "{:?}", files(&directory).keys());
    // The changes in the log are there.
    Person::register(&installation.start().api()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_can_only_read_is_enough_on_postgresql() {
    let installation = at_own_url(Installation::new(Backend::Postgres).await);
    let role = format!("r{}", installation.database().url().rsplit('/').next().unwrap_or_default());
    let grant = format!("CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}");
    installation.database().execute(&grant).await;
    let url = installation.database().url().replace("//postgres@", &format!("//{role}@"));
    let report = examine(&installation.set("TESSERA_DATABASE_URL", &url), &["--deep"]);
    let failed: Vec<_> = report.findings.iter().filter(|finding| finding["status"] == "fail").collect();
    assert!(failed.iter().all(|finding| finding["check"] == "durability"), "{failed:?}");
}

async fn no_secret_is_printed(backend: Backend) {
    const SECRETS: [&str; 3] = ["hush-hush-database", "hush-hush-mail", MASTER_KEY];
    // The server repeats what it was sent.
    let behavior = WalletBehavior::default().knowing("tessera", "other").answering("AUTH", "535 no: hush-hush-mail");
    let sink = Sink::with(behavior).await;
    let smtp = sink.url().replace("smtp://", "smtp://tessera:hush-hush-mail@");
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &smtp);
    let installation = match backend {
        Backend::Sqlite => installation,
        Backend::Postgres => {
            let url = installation.database().url().replace("//postgres@", "//postgres:hush-hush-database@");
            installation.set("TESSERA_DATABASE_URL", &url)
        }
    };
    let down = |installation: Installation| match backend {
        Backend::Sqlite => installation,
        Backend::Postgres => {
            let url = format!("postgres://tessera:hush-hush-database@127.0.0.1:{}/tessera", free_port());
            installation.set("TESSERA_DATABASE_URL", &url)
        }
    };
    let up = print_all(&installation);
    assert!(up.contains("the mail server did not take the credentials") && up.contains("***"), "{up}");
    for text in [up, print_all(&down(installation))] {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// Everything that the doctor prints in both formats.
fn print_all(installation: &Installation) -> String {
    let mut text = String::new();
    for arguments in [&["doctor", "--deep"][..], &["doctor", "--json"]] {
        let output = installation.run(arguments);
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        text.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    text
}
