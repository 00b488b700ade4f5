//! Files that are no backups, or were changed after they were written.

use std::path::{Path, PathBuf};

use diesel::{RunQueryDsl, connection::SimpleConnection as _, sql_query, sql_types::Text};
use tempfile::TempDir;
use tessera_kernel::Clock as _;
use tessera_system::SystemClock;

use super::*;
use crate::database::engine::{SchemaChange, migrate};

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    found: String,
}

struct Files {
    directory: TempDir,
    key: MasterKey,
}

impl Files {
    fn new() -> Self {
        let directory = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
        let key: MasterKey = KEY.parse().unwrap_or_else(|error| panic!("{error}"));
        let files = Self { directory, key };
        migrate::sqlite(&files.path("tessera.db"), SchemaChange::Migrate).unwrap_or_else(|error| panic!("{error}"));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a backup, and changes it with SQL.
    fn backup(&self, name: &str, change: &str) -> PathBuf {
        let target = self.path(name);
        let backup = Backup::prepare(&self.path("tessera.db"), &target).unwrap_or_else(|error| panic!("{error}"));
        let written = backup.write(&self.key, SystemClock.now()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((written.manifest.key_id, written.bytes > 0), (self.key.key_id(), true));
        let mut connection = file::create(&target).unwrap_or_else(|error| panic!("{error}"));
        connection.batch_execute(change).unwrap_or_else(|error| panic!("{error}"));
        target
    }

    /// Checks a copy as a restore does, and returns the error.
    fn check(&self, backup: &Path) -> Option<String> {
        let restored = RestoredCopy::create(backup, &self.path("other.db")).unwrap_or_else(|error| panic!("{error}"));
        restored.check(&self.key).err().map(|error| error.to_string())
    }
}

#[test]
fn a_changed_file_is_rejected_and_a_complete_one_is_not() {
    let files = Files::new();
    for (name, change, reason) in [
        ("manifest", "DROP TABLE backup_manifest", Some("the file has no manifest")),
        ("entry", "DELETE FROM backup_manifest WHERE name = 'rows'", Some("the file has no manifest")),
        ("row", "DELETE FROM credential_epoch", Some("the table credential_epoch has 0 rows, and its manifest says 1")),
        (
            "table",
            "CREATE TABLE further (id INTEGER); INSERT INTO further VALUES (1)",
            Some("the table further has 1 rows"),
        ),
        (
            "schema",
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999');
             UPDATE backup_manifest SET value = json_set(value, '$.__diesel_schema_migrations',
                (SELECT count(*) FROM __diesel_schema_migrations)) WHERE name = 'rows'",
            Some("does not know migration 9999"),
        ),
        (
            "key",
            "UPDATE backup_manifest SET value = 'x' WHERE name = 'key_id'",
            Some("the backup needs the one with the id x"),
        ),
        ("good", "SELECT 1", None),
    ] {
        let error = files.check(&files.backup(name, change));
        match (reason, error) {
            (None, error) => assert_eq!(error, None, "{name}"),
            (Some(reason), Some(error)) => assert!(error.contains(reason), "{name}: {error}"),
            (Some(reason), None) => panic!("{name} was accepted: {reason}"),
        }
        let left: Vec<_> = std::fs::read_dir(files.directory.path()).into_iter().flatten().flatten().collect();
        assert!(!left.iter().any(|entry| entry.file_name().to_string_lossy().contains("restoring")), "{left:?}");
    }
}

#[test]
fn a_restored_database_has_the_rows_and_no_manifest() {
    let files = Files::new();
    let change = "INSERT INTO password_hash_costs (cost) VALUES ('$argon2id$v=19$m=1,t=1,p=1$')";
    let mut connection = open(&files.path("tessera.db")).unwrap_or_else(|error| panic!("{error}"));
    connection.batch_execute(change).unwrap_or_else(|error| panic!("{error}"));
    // The connection stays open, as that of the service does.
    let backup = files.backup("backup", "SELECT 1");
    let database = files.path("other.db");
    let restored = RestoredCopy::create(&backup, &database).unwrap_or_else(|error| panic!("{error}"));
    restored.check(&files.key).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(restored.replace("20261130T120000Z").unwrap_or_else(|error| panic!("{error}")), None);
    let mut connection = open_for_reading(&database).unwrap_or_else(|error| panic!("{error}"));
    let query = "SELECT cost AS found FROM password_hash_costs
        UNION ALL SELECT name FROM sqlite_schema WHERE name LIKE 'backup%'";
    let rows: Vec<Found> = sql_query(query).load(&mut connection).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows.into_iter().map(|row| row.found).collect::<Vec<_>>(), ["$argon2id$v=19$m=1,t=1,p=1$"]);
}

#[test]
fn what_an_interrupted_backup_left_is_removed_and_a_running_one_is_not() {
    let files = Files::new();
    let (old, running) = (files.path("tessera-1.db"), files.path("tessera-2.db"));
    let left = Partial::create(&old).unwrap_or_else(|error| panic!("{error}"));
    let directory = left.file().parent().map(Path::to_owned).unwrap_or_default();
    std::fs::write(left.file(), "part").unwrap_or_else(|error| panic!("{error}"));
    let kept = Partial::create(&running).unwrap_or_else(|error| panic!("{error}"));
    let error = Partial::create(&running).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("another process is writing"), "{error}");
    // As at the end of a process: the lock is released, and the directory stays.
    let saved = files.path("saved");
    std::fs::rename(&directory, &saved).unwrap_or_else(|error| panic!("{error}"));
    drop(left);
    std::fs::rename(&saved, &directory).unwrap_or_else(|error| panic!("{error}"));
    remove_abandoned(files.directory.path(), |name| name.starts_with("tessera-"))
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(!directory.exists());
    assert!(kept.file().parent().is_some_and(Path::exists));
}
