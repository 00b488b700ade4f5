//! Tests of the store on SQLite: the contracts of its ports, and properties beyond them.

#[macro_use]
#[path = "support/cases.rs"]
mod cases;
#[path = "support/clocks.rs"]
mod clocks;
#[path = "support/reports.rs"]
mod reports;
#[path = "support/retention.rs"]
mod retention;
#[path = "support/revocation.rs"]
mod revocation;
#[path = "support/store.rs"]
mod store;

use diesel::{Connection, RunQueryDsl, SqliteConnection, connection::SimpleConnection};
use tessera_adapters::{DatabaseSettings, DatabaseUrl, OpenError, SqlStore};
use tessera_kernel::StoreError;
use tessera_testkit::{
    builders,
    expectations::{failed, ok, some},
};
use tessera_tests::database::{Backend, TestDatabase};

struct Sqlite;

impl store::On for Sqlite {
    const BACKEND: Backend = Backend::Sqlite;
}

type SqlHarness = store::SqlHarness<Sqlite>;

tessera_testkit::all_store_contracts!(SqlHarness);

common_cases! { Backend::Sqlite }

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let database = TestDatabase::create(Backend::Sqlite).await;
    let directory = some(database.directory()).join("made/for/it");
    let url = DatabaseUrl::Sqlite(directory.join("tessera.db"));
    let store = ok(SqlStore::open(&DatabaseSettings { url, ..store::settings(&database) }).await);
    ok(store.keep_secret("jwt", b"sealed").await);
    let mode = |path: &std::path::Path| ok(std::fs::metadata(path)).permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in ok(std::fs::read_dir(&directory)) {
        let path = ok(file).path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

/// The write-ahead log is beside the file and not beside the link. No write is acknowledged before it is on the disk.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_path_of_the_database_may_be_a_symbolic_link() {
    let database = TestDatabase::create(Backend::Sqlite).await;
    let directory = some(database.directory());
    let (file, link) = (directory.join("disk/tessera.db"), directory.join("link.db"));
    let open = async |path: &std::path::Path| {
        let url = DatabaseUrl::Sqlite(path.to_owned());
        ok(SqlStore::open(&DatabaseSettings { url, ..store::settings(&database) }).await)
    };
    drop(open(&file).await);
    ok(std::os::unix::fs::symlink(&file, &link));
    let store = open(&link).await;
    ok(store.keep_secret("jwt", b"sealed").await);
    assert!(directory.join("disk/tessera.db-wal").exists() && !directory.join("link.db-wal").exists());
    ok(store.check_room().await);
}

/// Two connections that close at the same time leave the log behind, as a process that is killed does.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_stayed_is_folded_into_the_file() {
    let database = TestDatabase::create(Backend::Sqlite).await;
    let store = ok(store::open(&database).await);
    ok(store.keep_secret("jwt", b"sealed").await);
    let (directory, copy) = (some(database.directory()), some(database.directory()).join("copy"));
    ok(std::fs::create_dir(&copy));
    for name in ["tessera.db", "tessera.db-wal"] {
        ok(std::fs::copy(directory.join(name), copy.join(name)));
    }
    ok(std::os::unix::fs::symlink(copy.join("tessera.db"), directory.join("link.db")));
    DatabaseUrl::Sqlite(directory.join("link.db")).fold_log_in();
    assert!(!copy.join("tessera.db-wal").exists());
    let mut connection = ok(SqliteConnection::establish(some(copy.join("tessera.db").to_str())));
    let kept = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM secrets WHERE name = 'jwt'");
    assert_eq!(kept.get_result::<i64>(&mut connection).ok(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_a_database_is_rejected() {
    let database = TestDatabase::create(Backend::Sqlite).await;
    let file = some(database.directory()).join("tessera.db");
    ok(std::fs::write(&file, "this is a text, and a long one at that: longer than the header of a database".repeat(9)));
    let error = failed(store::open(&database).await.map(|_| ()));
    assert!(matches!(error, OpenError::Prepare(_)), "{error:?}");
}

#[test]
fn the_library_is_built_with_the_options_of_this_repository() {
    let mut connection = ok(SqliteConnection::establish(":memory:"));
    let options = "SELECT group_concat(compile_options) FROM pragma_compile_options";
    let options: String = ok(diesel::dsl::sql::<diesel::sql_types::Text>(options).get_result(&mut connection));
    let options: Vec<&str> = options.split(',').collect();
    for set in ["ENABLE_QPSG", "DEFAULT_MEMSTATUS=0", "THREADSAFE=2"] {
        assert!(options.contains(&set), "build with the flags in .cargo/config.toml: {set} is missing in {options:?}");
    }
    for unset in ["ENABLE_MEMORY_MANAGEMENT", "ENABLE_FTS3", "ENABLE_FTS5", "ENABLE_RTREE", "ENABLE_LOAD_EXTENSION"] {
        assert!(!options.contains(&unset), "build with the flags in .cargo/config.toml: {unset} is in {options:?}");
    }
}

/// Another process holds the write lock for longer than the store waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_locked_is_busy() {
    let subject = store::Subject::on(Backend::Sqlite).await;
    let file = some(subject.database.directory()).join("tessera.db");
    let mut other = ok(SqliteConnection::establish(some(file.to_str())));
    ok(other.batch_execute("BEGIN IMMEDIATE"));
    let mut tx = ok(subject.stores.identity.begin().await);
    let error = failed(tx.users().lock(builders::user_id(1)).await.map(drop));
    drop(tx);
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    ok(other.batch_execute("ROLLBACK"));
    store::at_rest(&subject.store).await;
    drop(ok(subject.stores.identity.begin().await));
}
