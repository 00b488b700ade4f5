//! Rotation of the key file of SQLite, which is continued after each step.
//!
//! `TEST_RESEAL_KILLS` is the number of commands that are killed, 2 without it.

use std::{path::Path, time::Duration};

use serde_json::json;
use tessera_adapters::MasterKey;
use tessera_tests::{
    database::Backend,
    eventually,
    process::Installation,
    test_org::{PASSWORD, Person},
    totp_app::{TotpApp, complete, mfa_token},
};

use super::master_key::{PATIENCE, add_mails, key, kills, refused, sealed_by};
use crate::storage;

/// A copy of all files of the database.
fn copy(from: &Path, to: &Path) {
    let ok = |result: std::io::Result<()>| result.unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    ok(std::fs::create_dir_all(to));
    for entry in std::fs::read_dir(from).into_iter().flatten().flatten() {
        ok(std::fs::copy(entry.path(), to.join(entry.file_name())).map(drop));
    }
}

fn clear(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        std::fs::remove_file(entry.path()).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// A SQLite installation with a key file, a user with an app, and mails.
struct KeyFile {
    installation: Installation,
    person: Person,
    app: TotpApp,
    copies: tempfile::TempDir,
}

impl KeyFile {
    async fn new() -> Self {
        let installation = Installation::empty(Backend::Sqlite).await;
        let mut node = installation.start();
        let person = Person::register(&node.api()).await;
        let (app, _) = TotpApp::enroll(&person).await;
        node.terminate();
        assert!(node.wait(PATIENCE).await.success());
        let copies = tempfile::TempDir::new().unwrap_or_else(|error| panic!("{error}"));
        let files = Self { installation, person, app, copies };
        add_mails(&files.installation, &files.key_in("master.key"), 250).await;
        files
    }

    fn directory(&self) -> &Path {
        self.installation.database().directory().unwrap_or_else(|| panic!("no directory"))
    }

    fn key_in(&self, file: &str) -> MasterKey {
        let path = self.directory().join(file);
        key(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    fn save(&self, name: &str) {
        copy(self.directory(), &self.copies.path().join(name));
    }

    fn restore(&self, name: &str) {
        clear(self.directory());
        copy(&self.copies.path().join(name), self.directory());
    }

    fn put(&self, from: &str, file: &str, name: &str) {
        let copied = std::fs::copy(self.copies.path().join(from).join(file), self.directory().join(name));
        copied.unwrap_or_else(|error| panic!("{file} of {from}: {error}"));
    }

    /// The service starts, the session is alive and new mails can be sealed and opened.
    async fn serves(&self) {
        let mut node = self.installation.start();
        self.person.at_node(&node).get("/users/me").await.is(200);
        Person::register(&node.api()).await;
        node.terminate();
        assert!(node.wait(PATIENCE).await.success(), "{}", node.log());
    }

    /// Runs the rotation as soon as no process uses the files: those of this test are closed in the background.
    async fn rotate(&self) -> String {
        eventually("the files are closed", PATIENCE, || async {
            let output = self.installation.run(&["master-key", "rotate"]);
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() || error.contains("a process uses "), "{error}");
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
        })
        .await
    }

    /// A further run finishes what was interrupted.
    async fn finishes(&self) {
        self.rotate().await;
        assert!(!self.directory().join("master.key.new").exists());
        let store = storage::open(&self.installation).await;
        assert_eq!(sealed_by(&store, &self.key_in("master.key")).await.1, 0);
        drop(store);
        self.serves().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_is_rotated_while_the_service_is_stopped() {
    let files = KeyFile::new().await;
    let node = files.installation.start();
    let error = refused(&files.installation, &["master-key", "rotate"]);
    assert!(error.contains("only one process can: stop it first"), "{error}");
    files.person.at_node(&node).get("/users/me").await.is(200);
    node.kill();
    let old = files.key_in("master.key").key_id();
    let said = files.rotate().await;
    assert!(said.contains(&old), "{said}");
    assert_eq!(files.key_in(&format!("master.key.{old}")).key_id(), old);
    assert_ne!(files.key_in("master.key").key_id(), old);
    for file in ["master.key".to_owned(), format!("master.key.{old}")] {
        let metadata = std::fs::metadata(files.directory().join(file)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777, 0o600);
    }
    files.serves().await;
    let node = files.installation.start();
    let login = json!({"email": files.person.email, "password": PASSWORD});
    let token = mfa_token(&node.api().post("/auth/login", &login).await);
    complete(&node.api(), &token, ("totp", &files.app.code())).await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_the_key_file_is_continued_after_each_step() {
    let files = KeyFile::new().await;
    let old = files.key_in("master.key").key_id();
    files.save("before");
    files.rotate().await;
    files.save("after");
    let kept = format!("master.key.{old}");

    // The new key is written, nothing is sealed with it.
    files.restore("before");
    files.put("after", "master.key", "master.key.new");
    files.serves().await;
    files.finishes().await;
    // All values are sealed with it.
    files.restore("after");
    std::fs::rename(files.directory().join("master.key"), files.directory().join("master.key.new"))
        .and_then(|()| std::fs::rename(files.directory().join(&kept), files.directory().join("master.key")))
        .unwrap_or_else(|error| panic!("{error}"));
    files.serves().await;
    files.finishes().await;
    assert_eq!(files.key_in(&kept).key_id(), old);
    // The old key has its second name.
    files.restore("after");
    files.put("after", "master.key", "master.key.new");
    files.put("after", &kept, "master.key");
    files.serves().await;
    files.finishes().await;
    // The new key has replaced it: a further run is another rotation.
    files.restore("after");
    files.finishes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_the_key_file_is_killed_at_any_moment() {
    let files = KeyFile::new().await;
    files.save("before");
    for number in 0..kills() {
        files.restore("before");
        let mut command = files.installation.spawn_command(&["master-key", "rotate"]);
        let new_key = files.directory().join("master.key.new");
        eventually("the command has begun", PATIENCE, || {
            let ended = command.try_wait().unwrap_or_else(|error| panic!("{error}")).is_some();
            std::future::ready((ended || new_key.exists()).then_some(()))
        })
        .await;
        tokio::time::sleep(Duration::from_millis(u64::try_from(number % 20).unwrap_or_default() * 5)).await;
        drop(command.kill());
        drop(command.wait());
        files.serves().await;
        files.finishes().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_neither_file_has_is_named() {
    let files = KeyFile::new().await;
    std::fs::remove_file(files.directory().join("master.key")).unwrap_or_else(|error| panic!("{error}"));
    let error = eventually("the files are closed", PATIENCE, || async {
        let error = refused(&files.installation, &["master-key", "rotate"]);
        (!error.contains("a process uses ")).then_some(error)
    })
    .await;
    assert!(error.contains("the key file is missing: restore"), "{error}");
}
