//! Checks of the database server or file.

use tessera_testkit::expectations::{ok, some};
use tessera_tests::{
    database::Backend,
    on_both, on_sqlite,
    process::{Installation, free_port},
};

use crate::{change, examine, file_of};

on_both! {
    the_other_checks_run_while_the_database_is_down
    an_empty_database_and_an_older_schema_are_found
    a_newer_schema_is_a_failure
    the_wrong_master_key_opens_nothing
}

on_sqlite! {
    another_journal_mode_is_a_warning
    a_file_that_is_no_database_is_a_failure
}

const PASSWORD: &str = "hush-hush-database";

/// An installation whose database does not exist or does not respond.
async fn without_database(backend: Backend) -> Installation {
    let installation = Installation::empty(backend).await;
    match backend {
        Backend::Sqlite => installation,
        Backend::Postgres => {
            let url = format!("postgres://tessera:{PASSWORD}@127.0.0.1:{}/tessera", free_port());
            installation.set("TESSERA_DATABASE_URL", &url)
        }
    }
}

async fn the_other_checks_run_while_the_database_is_down(backend: Backend) {
    let report = examine(&without_database(backend).await, &["--deep"]);
    match backend {
        Backend::Sqlite => report.has("database", "fail", "there is no database file"),
        Backend::Postgres => report.has("database", "fail", "start PostgreSQL"),
    }
    for check in ["schema", "durability", "master_key", "jobs", "outbox", "integrity", "documents"] {
        report.has(check, "skip", "the database is not available");
    }
    for check in ["config", "limits"] {
        assert_eq!(report.status(check), "ok", "{}", report.finding(check));
    }
    report.has("mail", "warn", "set TESSERA_SMTP_URL");
}

async fn an_empty_database_and_an_older_schema_are_found(backend: Backend) {
    let empty = Installation::empty(backend).await;
    if let Some(file) = file_of(&empty) {
        crate::change_file(&file, "PRAGMA user_version = 0");
    }
    let report = examine(&empty, &[]);
    report.has("schema", "warn", "no tables");
    report.has("outbox", "skip", "the schema is not that of this version");
    let installation = Installation::new(backend).await;
    let forget = "DELETE FROM __diesel_schema_migrations WHERE version =
        (SELECT max(version) FROM __diesel_schema_migrations)";
    change(&installation, forget, forget).await;
    let report = examine(&installation, &["--deep"]);
    report.has("schema", "warn", "1 migrations are pending");
    for check in ["jobs", "sealed"] {
        report.has(check, "skip", "the schema is not that of this version");
    }
    let installation = installation.set("TESSERA_MIGRATE", "off");
    examine(&installation, &[]).has("schema", "fail", "run tessera migrate as the owner");
}

async fn a_newer_schema_is_a_failure(backend: Backend) {
    let installation = Installation::new(backend).await;
    let later = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
    change(&installation, later, later).await;
    let report = examine(&installation, &[]);
    report.has("schema", "fail", "9999");
    assert_eq!(report.status("database"), "ok", "{}", report.finding("database"));
}

async fn the_wrong_master_key_opens_nothing(backend: Backend) {
    let installation = Installation::new(backend).await;
    examine(&installation, &[]).has("master_key", "ok", "it opens all");
    let other = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
    let report = examine(&installation.set("TESSERA_MASTER_KEY", other), &["--deep"]);
    report.has("master_key", "fail", "set TESSERA_MASTER_KEY to the key of this database");
    report.has("sealed", "fail", "in signing_keys");
    report.has("token_secret", "fail", "master key");
}

async fn another_journal_mode_is_a_warning(backend: Backend) {
    let installation = Installation::new(backend).await;
    let file = some(file_of(&installation));
    crate::change_file(&file, "PRAGMA journal_mode = DELETE");
    // As if another program were about to write.
    ok(std::fs::write(file.with_extension("db-journal"), ""));
    examine(&installation, &[]).has("durability", "warn", "the journal mode is delete");
}

async fn a_file_that_is_no_database_is_a_failure(backend: Backend) {
    let installation = Installation::empty(backend).await;
    let file = some(file_of(&installation));
    ok(std::fs::write(&file, "this is no database, but it is long enough for the header of one ".repeat(4)));
    let report = examine(&installation, &[]);
    report.has("database", "fail", "not a database");
    assert_eq!(report.status("config"), "ok");
}

/// On PostgreSQL only: the server has settings and connections.
mod of_the_server {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn settings_that_lose_changes_are_failures() {
        let report = examine(&Installation::new(Backend::Postgres).await, &[]);
        for words in ["fsync is off", "full_page_writes is off", "synchronous_commit is off", "SELECT pg_reload_conf()"]
        {
            report.has("durability", "fail", words);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_pool_that_is_too_large_is_a_failure() {
        let installation = Installation::new(Backend::Postgres).await;
        examine(&installation, &[]).has("connections", "ok", "other clients");
        let report = examine(&installation.set("TESSERA_DATABASE_POOL", "1000"), &[]);
        report.has("connections", "fail", "lower TESSERA_DATABASE_POOL");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn plain_text_to_another_host_is_a_warning() {
        let installation = Installation::new(Backend::Postgres).await;
        examine(&installation, &[]).has("database_tls", "ok", "plain text to this machine");
        // The system knows this spelling of the address, but the check does not.
        let url = installation.database().url().replace("@127.0.0.1:", "@127.1:");
        let installation = installation.set("TESSERA_DATABASE_URL", &format!("{url}?sslmode=disable"));
        examine(&installation, &[]).has("database_tls", "warn", "remove sslmode=disable");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_role_without_rights_is_a_failure_and_the_other_checks_run() {
        let installation = Installation::new(Backend::Postgres).await;
        let role = format!("r{}", installation.database().url().rsplit('/').next().unwrap_or_default());
        let grant = format!(
            "CREATE ROLE {role} LOGIN; GRANT SELECT ON __diesel_schema_migrations, signing_keys, users, mails TO {role}"
        );
        installation.database().execute(&grant).await;
        let url = installation.database().url().replace("//postgres@", &format!("//{role}@"));
        let installation = installation.set("TESSERA_DATABASE_URL", &url);
        let report = examine(&installation, &["--deep"]);
        report.has("token_secret", "fail", "permission denied for table secrets");
        report.has("jobs", "fail", "grant the role SELECT");
        report.has("documents", "fail", "permission denied");
        for check in ["signing_keys", "outbox", "integrity"] {
            assert_eq!(report.status(check), "ok", "{}", report.finding(check));
        }
    }
}
