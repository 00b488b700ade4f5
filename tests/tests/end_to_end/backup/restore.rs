//! Restores that are rejected, and what stays.

use std::path::Path;

use tessera_tests::{
    database::Backend,
    process::{Installation, MASTER_KEY},
    test_org::{Person, Service},
};

use super::{empty, failed};

const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

/// The database files of an installation.
fn names(installation: &Installation) -> Vec<String> {
    let directory = installation.database().directory().unwrap_or_else(|| panic!("not an embedded database"));
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{error}"));
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| Path::new(name).extension().is_none_or(|kind| kind != "lock") && name != "master.key");
    names.sort();
    names
}

fn written(path: &Path, bytes: &[u8]) -> String {
    std::fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_is_rejected_with_its_reason() {
    let (Service { installation, node }, _) = Service::with_person(Backend::Sqlite).await;
    let home = installation.home().to_owned();
    let file = |name: &str| home.join(name);
    let backup = file("backup.db").to_string_lossy().into_owned();
    installation.output_of(&["backup", &backup]);
    let again = failed(&installation, &["backup", &backup]);
    assert!(again.contains("exists: choose another name"), "{again}");

    let said = failed(&installation, &["restore", "--force", &backup]);
    assert!(said.contains(&format!("process {}", node.pid())), "{said}");
    node.kill();
    let said = failed(&installation, &["restore", &backup]);
    assert!(said.contains("with --force, restore keeps it"), "{said}");

    let good = std::fs::read(&backup).unwrap_or_else(|error| panic!("{error}"));
    let mut damaged = good.clone();
    // The first page, with the schema, stays valid.
    damaged[4096 * 3..].iter_mut().step_by(7).for_each(|byte| *byte = !*byte);
    let database = installation.database().directory().map(|directory| directory.join("tessera.db"));
    let database = database.unwrap_or_default().to_string_lossy().into_owned();
    for (file, reason) in [
        (file("nowhere.db").to_string_lossy().into_owned(), "nowhere.db can't be used: No such file"),
        (database, "the file has no manifest"),
        (written(&file("text.db"), &[b'x'; 8192]), "damaged"),
        (written(&file("cut.db"), &good[..good.len() / 2]), "damaged"),
        (written(&file("damaged.db"), &damaged), "damaged"),
    ] {
        let said = failed(&installation, &["restore", "--force", &file]);
        assert!(said.contains(reason) && said.contains("was not restored"), "{reason}: {said}");
    }
    let installation = installation.set("TESSERA_MASTER_KEY", OTHER_KEY);
    let said = failed(&installation, &["restore", "--force", &backup]);
    assert!(said.contains("master key") && said.contains("the backup needs the one with the id"), "{said}");
    let said = failed(&installation, &["backup", &file("other.db").to_string_lossy()]);
    assert!(said.contains("does not open the secrets"), "{said}");
    assert_eq!(names(&installation), ["tessera.db"], "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_database_keeps_its_files_under_another_name() {
    let (Service { installation, node }, before) = Service::with_person(Backend::Sqlite).await;
    let backup = installation.home().join("backup.db").to_string_lossy().into_owned();
    installation.output_of(&["backup", &backup]);
    let later = Person::register(&node.api()).await;
    // Killed, so that the last writes are only in the log.
    node.kill();
    let said = installation.output_of(&["restore", "--force", &backup]);
    assert!(said.contains("The previous database is "), "{said}");
    let names = names(&installation);
    let [present, moved] = names.as_slice() else { panic!("{names:?}") };
    assert!(present == "tessera.db" && moved.starts_with("tessera.db.before-restore-"), "{names:?}");
    let node = installation.start();
    before.at_node(&node).again().await.get("/users/me").await.is(200);
    let account = serde_json::json!({"email": later.email, "password": tessera_tests::test_org::PASSWORD});
    node.api().post("/auth/login", &account).await.is(401);
    node.kill();
    // The moved file is a complete database.
    let directory = installation.database().directory().map(|directory| directory.join(moved));
    let url = format!("sqlite://{}", directory.unwrap_or_default().display());
    let installation = installation.set("TESSERA_DATABASE_URL", &url);
    later.at_node(&installation.start()).get("/users/me").await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_file_is_needed_and_not_in_the_backup() {
    let installation = Installation::empty(Backend::Sqlite).await;
    let node = installation.start();
    let person = Person::register(&node.api()).await;
    let backup = installation.home().join("backup.db").to_string_lossy().into_owned();
    let said = installation.output_of(&["backup", &backup]);
    assert!(said.contains("master.key"), "{said}");
    let key = installation.database().directory().map(|directory| directory.join("master.key")).unwrap_or_default();
    let key = std::fs::read_to_string(key).unwrap_or_else(|error| panic!("{error}"));
    let bytes = std::fs::read(&backup).unwrap_or_else(|error| panic!("{error}"));
    assert!(!bytes.windows(key.trim().len()).any(|part| part == key.trim().as_bytes()));
    let said = failed(&Installation::empty(Backend::Sqlite).await, &["restore", &backup]);
    assert!(said.contains("master.key") && said.contains("TESSERA_MASTER_KEY"), "{said}");
    let restored = Installation::empty(Backend::Sqlite).await.set("TESSERA_MASTER_KEY", &key);
    restored.output_of(&["restore", &backup]);
    assert!(!person.at_node(&restored.start()).again().await.token.is_empty());
    drop(node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_has_its_own_tools_and_nothing_is_created() {
    let postgres = Installation::new(Backend::Postgres).await.set("TESSERA_MASTER_KEY", MASTER_KEY);
    let said = failed(&postgres, &["backup", "backup.db"]);
    assert!(said.contains("pg_dump -Fc") && said.contains("tessera doctor --deep"), "{said}");
    let said = failed(&postgres, &["restore", "backup.db"]);
    assert!(said.contains("tessera after-restore"), "{said}");
    let nothing = empty().await;
    for arguments in [&["backup", "backup.db"][..], &["after-restore"]] {
        let said = failed(&nothing, arguments);
        assert!(said.contains("there is no database at"), "{said}");
    }
    assert_eq!(names(&nothing), Vec::<String>::new());
}
