//! Tests of the store on SQLite: the contracts of its ports, and properties beyond them.

#[path = "support/clocks.rs"]
mod clocks;
#[path = "support/store.rs"]
mod store;

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use tessera_adapters::{DatabaseSettings, DatabaseUrl, OpenError, SqlStore};
use tessera_kernel::StoreError;
use tessera_testkit::expectations::{failed, ok, some};
use tessera_tests::database::{Backend, TestDatabase};

struct Sqlite;

impl store::On for Sqlite {
    const BACKEND: Backend = Backend::Sqlite;
}

type SqlHarness = store::SqlHarness<Sqlite>;

tessera_testkit::identity_store_contract!(SqlHarness);
tessera_testkit::sso_bounds_contract!(SqlHarness);
tessera_testkit::sso_store_contract!(SqlHarness);
tessera_testkit::wallets_contract!(SqlHarness);
tessera_testkit::quotas_contract!(SqlHarness);
tessera_testkit::session_jobs_contract!(SqlHarness);
tessera_testkit::deletions_contract!(SqlHarness);
tessera_testkit::challenges_contract!(SqlHarness);
tessera_testkit::hash_costs_contract!(SqlHarness);
tessera_testkit::known_clients_contract!(SqlHarness);
tessera_testkit::password_resets_contract!(SqlHarness);
tessera_testkit::rate_limits_contract!(SqlHarness);
tessera_testkit::signing_key_store_contract!(SqlHarness);
tessera_testkit::org_store_contract!(SqlHarness);
tessera_testkit::owners_contract!(SqlHarness);
tessera_testkit::membership_changes_contract!(SqlHarness);
tessera_testkit::user_profiles_contract!(SqlHarness);
tessera_testkit::app_store_contract!(SqlHarness);
tessera_testkit::api_key_store_contract!(SqlHarness);
tessera_testkit::item_store_contract!(SqlHarness);
tessera_testkit::invitation_claims_contract!(SqlHarness);
tessera_testkit::invitation_jobs_contract!(SqlHarness);
tessera_testkit::invitation_store_contract!(SqlHarness);
tessera_testkit::mail_queue_contract!(SqlHarness);
tessera_testkit::memberships_contract!(SqlHarness);
tessera_testkit::audit_trail_contract!(SqlHarness);
tessera_testkit::notice_counts_contract!(SqlHarness);
tessera_testkit::org_documents_contract!(SqlHarness);
tessera_testkit::custom_data_contract!(SqlHarness);
tessera_testkit::accounts_contract!(SqlHarness);

macro_rules! cases {
    ($module:ident: $($case:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $module::$case(Backend::Sqlite).await;
        }
    )+};
}

cases! { store:
    two_stores_open_an_empty_database_at_once
    a_schema_newer_than_the_program_is_not_opened
    the_first_kept_secret_is_everybodys
    a_database_answers_to_a_ping
    a_dropped_transaction_is_out_of_everybodys_way
    a_transaction_with_a_failed_statement_does_not_commit
    keys_that_no_port_names_are_mapped_too
    every_reference_is_mapped_alike
    a_row_that_breaks_the_rules_of_its_type_is_corrupt
    an_account_that_can_t_be_read_keeps_nobody_waiting_for_a_link
    who_waits_too_long_for_a_connection_is_told_that_the_store_is_busy
    work_cancelled_on_a_runtime_of_one_thread_holds_up_nobody
}

cases! { clocks:
    s85_nonce_exp_by_the_clock_of_the_database
    s85_nonce_exp_and_is_forgotten_by_that_clock
    s85_nonce_exp_of_sign_ins_for_applications_too
    s106_code_bound_to_60_s_by_the_clock_of_the_database
    s191_reset_bind_to_30_min_by_the_clock_of_the_database
    s53_sess_reauth_by_the_clock_of_the_database
    sessions_end_by_the_clock_of_the_database
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_database_is_not_opened() {
    let database = TestDatabase::create(Backend::Sqlite).await;
    let file = some(database.directory()).join("tessera.db");
    ok(std::fs::write(&file, "this is a text, and a long one at that: longer than the header of a database".repeat(9)));
    let error = failed(store::open(&database).await.map(|_| ()));
    assert!(matches!(error, OpenError::Prepare(_)), "{error:?}");
}

/// Another process holds the write lock for longer than the store waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_locked_is_busy() {
    let subject = store::Subject::on(Backend::Sqlite).await;
    let file = some(subject.database.directory()).join("tessera.db");
    let mut other = ok(SqliteConnection::establish(some(file.to_str())));
    ok(other.batch_execute("BEGIN IMMEDIATE"));
    let error = failed(subject.stores.identity.begin().await.map(|_| ()));
    assert!(matches!(error, StoreError::Busy), "{error:?}");
    ok(other.batch_execute("ROLLBACK"));
    store::at_rest(&subject.store).await;
    drop(ok(subject.stores.identity.begin().await));
}
