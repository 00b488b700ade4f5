//! Starts that must succeed, and starts that must fail.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tessera_tests::{
    database::Backend,
    on_both, on_postgres,
    process::{Installation, MASTER_KEY},
    test_org::{Person, Service},
};

const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

/// Asserts that the service does not start with the setting and that the error names the setting.
async fn refuses(backend: Backend, name: &str, value: &str) {
    let said = Installation::empty(backend).await.set(name, value).refuses_to_start().await;
    assert!(said.contains(name), "it does not name {name}: {said}");
}

on_both! {
    a_wrong_master_key_is_refused_with_its_reason
    a_weak_master_key_is_refused
    invalid_settings_prevent_the_start_s225
    argon2_settings_below_the_floor_prevent_the_start_s10
    all_invalid_settings_are_reported_at_once
    an_invalid_minimum_password_length_prevents_the_start_s1
    a_listen_address_in_use_prevents_the_start
    secrets_are_not_in_logs_or_the_command_line_s224
}

on_postgres! {
    two_processes_start_at_once_on_an_empty_database
}

async fn two_processes_start_at_once_on_an_empty_database(backend: Backend) {
    let installation = Installation::empty(backend).await;
    let (one, two) = (installation.spawn(), installation.spawn());
    let (one, two) = (one.ready(), two.ready());
    let (ada, bob) = (Person::register(&one.api()).await, Person::register(&two.api()).await);
    ada.at_node(&two).get("/users/me").await.is(200);
    bob.at_node(&one).get("/users/me").await.is(200);
    let org = ada.create_org().await;
    bob.at_node(&one).get(&format!("/orgs/{org}")).await.problem(404, "organization_not_found");
    ada.at_node(&two)
        .post(&format!("/orgs/{org}/members"), &json!({"user_id": bob.id, "role": "member"}))
        .await
        .is(201);
    bob.at_node(&one).get(&format!("/orgs/{org}")).await.is(200);
}

#[tokio::test]
async fn one_process_serves_a_sqlite_database() {
    let Service { installation, node } = Service::start(Backend::Sqlite).await;
    let process = format!("process {}", node.pid());
    for _ in 0..2 {
        let said = installation.refuses_to_start().await;
        assert!(said.contains(&process) && said.contains("only one process can"), "{said}");
    }
    node.api().get_root("/health/ready").await.is(200);
    node.kill();
    // The lock ends with the process. Of two that start at once, one gets it.
    let (one, two) = (installation.spawn(), installation.spawn());
    let (one, two) = (one.ready_or_ended(), two.ready_or_ended());
    let (node, said) = match (one, two) {
        (Ok(node), Err(said)) | (Err(said), Ok(node)) => (node, said),
        (one, two) => panic!("both are ready, or both have ended: {} {}", one.is_ok(), two.is_ok()),
    };
    assert!(said.contains(&format!("process {}", node.pid())), "{said}");
    Person::register(&node.api()).await;
}

async fn a_wrong_master_key_is_refused_with_its_reason(backend: Backend) {
    let installation = Installation::empty(backend).await.set("TESSERA_MASTER_KEY", MASTER_KEY);
    installation.start().kill();
    let installation = installation.set("TESSERA_MASTER_KEY", OTHER_KEY);
    let said = installation.refuses_to_start().await;
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(matches!(&*errors, [line] if line.contains("TESSERA_MASTER_KEY")), "{said}");
    assert!(!said.contains(OTHER_KEY), "{said}");
    let installation = installation.set("TESSERA_MASTER_KEY", MASTER_KEY);
    installation.start().api().get_root("/health/ready").await.is(200);
}

async fn a_weak_master_key_is_refused(backend: Backend) {
    for key in ["secret", &"0".repeat(64), "0123456789abcdef"] {
        refuses(backend, "TESSERA_MASTER_KEY", key).await;
    }
}

async fn invalid_settings_prevent_the_start_s225(backend: Backend) {
    let wrong = [
        ("TESSERA_LISTN", "127.0.0.1:0"),
        ("TESSERA_", "x"),
        ("TESSERA_LISTEN", "somewhere"),
        ("TESSERA_PUBLIC_URL", "ftp://id.example"),
        ("TESSERA_PUBLIC_URL", "id.example"),
        ("TESSERA_DATABASE_URL", "mysql://localhost/x"),
        ("TESSERA_DATABASE_POOL", "0"),
        ("TESSERA_SESSION_TTL", "0"),
        ("TESSERA_SESSION_TTL", "soon"),
        ("TESSERA_THROTTLE", "maybe"),
        ("TESSERA_LOG_FORMAT", "yaml"),
        ("TESSERA_ARGON2_MEMORY_KIB", "19455"),
        ("TESSERA_ARGON2_MEMORY_KIB", "-1"),
    ];
    for (name, value) in wrong {
        refuses(backend, name, value).await;
    }
}

async fn argon2_settings_below_the_floor_prevent_the_start_s10(backend: Backend) {
    let weak =
        [("TESSERA_ARGON2_MEMORY_KIB", "8"), ("TESSERA_ARGON2_ITERATIONS", "1"), ("TESSERA_ARGON2_PARALLELISM", "0")];
    for (name, value) in weak {
        let said = Installation::empty(backend).await.set(name, value).refuses_to_start().await;
        assert!(said.contains("TESSERA_ARGON2"), "{said}");
    }
}

async fn all_invalid_settings_are_reported_at_once(backend: Backend) {
    let installation = Installation::empty(backend).await.set("TESSERA_LISTN", "x").set("TESSERA_SESSION_TTL", "x");
    let said = installation.set("TESSERA_PASSWORD_MIN_LENGTH", "7").refuses_to_start().await;
    for name in ["TESSERA_LISTN", "TESSERA_SESSION_TTL", "TESSERA_PASSWORD_MIN_LENGTH"] {
        assert!(said.contains(name), "{name}: {said}");
    }
}

async fn an_invalid_minimum_password_length_prevents_the_start_s1(backend: Backend) {
    for minimum in ["7", "0", "-8", "129"] {
        refuses(backend, "TESSERA_PASSWORD_MIN_LENGTH", minimum).await;
    }
}

async fn a_listen_address_in_use_prevents_the_start(backend: Backend) {
    let service = Service::start(backend).await;
    let said =
        Installation::empty(backend).await.set("TESSERA_LISTEN", service.node.authority()).refuses_to_start().await;
    assert!(said.contains(service.node.authority()), "{said}");
}

async fn secrets_are_not_in_logs_or_the_command_line_s224(backend: Backend) {
    let installation = Installation::empty(backend).await.set("TESSERA_MASTER_KEY", MASTER_KEY);
    let service = Service::on(installation.set("TESSERA_LOG", "debug"));
    let person = Person::register(&service.api()).await;
    let command = std::fs::read_to_string(format!("/proc/{}/cmdline", service.node.pid())).unwrap_or_default();
    let log = service.node.log();
    for secret in [MASTER_KEY, person.token.as_str(), tessera_tests::test_org::PASSWORD] {
        assert!(!log.contains(secret) && !command.contains(secret), "a secret leaked");
    }
    assert!(!log.is_empty());
}

#[tokio::test]
async fn postgres_without_a_master_key_is_refused() {
    let said = Installation::empty(Backend::Postgres).await.unset("TESSERA_MASTER_KEY").refuses_to_start().await;
    assert!(said.contains("TESSERA_MASTER_KEY"), "{said}");
}

#[tokio::test]
async fn the_key_file_is_readable_only_by_its_owner() {
    let service = Service::on(Installation::empty(Backend::Sqlite).await);
    let file = key_file(&service.installation);
    let mode = std::fs::metadata(&file).unwrap_or_else(|error| panic!("{error}")).permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

fn set_mode(path: &std::path::Path, mode: u32) {
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, mode).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

#[tokio::test]
async fn a_key_file_that_others_can_read_is_refused() {
    let Service { installation, node } = Service::on(Installation::empty(Backend::Sqlite).await);
    node.kill();
    let file = key_file(&installation);
    for mode in [0o644, 0o604, 0o602, 0o601, 0o666] {
        set_mode(&file, mode);
        let said = installation.refuses_to_start().await;
        assert!(said.contains(&format!("has mode {mode:04o}")) && said.contains("set it to 0600"), "{said}");
    }
    // A group that the process does not belong to. Only root can change the group of a file to it.
    set_mode(&file, 0o640);
    if std::os::unix::fs::chown(&file, None, Some(54_321)).is_ok() {
        let said = installation.refuses_to_start().await;
        assert!(said.contains("the group 54321") && said.contains("set it to 0600"), "{said}");
    }
}

/// Kubernetes assigns every file of a volume to a group of the process and makes it group-writable (`fsGroup`).
#[tokio::test]
async fn the_files_may_belong_to_a_group_of_the_process() {
    let Service { installation, mut node } = Service::on(Installation::empty(Backend::Sqlite).await);
    let file = key_file(&installation);
    let directory = file.parent().unwrap_or_else(|| panic!("no directory"));
    for mode in [0o660, 0o640, 0o440] {
        node.kill();
        set_mode(directory, 0o2770);
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            set_mode(&entry.path(), 0o660);
        }
        set_mode(&file, mode);
        node = installation.start();
        Person::register(&node.api()).await;
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let mode = entry.metadata().map(|known| known.permissions().mode() & 0o7);
            assert_eq!(mode.ok(), Some(0), "{}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn a_lost_key_file_is_not_created_again() {
    let Service { installation, node } = Service::on(Installation::empty(Backend::Sqlite).await);
    node.kill();
    let file = key_file(&installation);
    std::fs::remove_file(&file).unwrap_or_else(|error| panic!("{error}"));
    let said = installation.refuses_to_start().await;
    assert!(said.contains("TESSERA_MASTER_KEY") && !file.exists(), "{said}");
}

/// The key file next to the embedded database.
fn key_file(installation: &Installation) -> std::path::PathBuf {
    let directory = installation.database().directory().unwrap_or_else(|| panic!("not an embedded database"));
    directory.join("master.key")
}
