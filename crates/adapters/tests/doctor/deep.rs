//! Checks that read every row.

use std::{collections::BTreeSet, io::Write as _, os::unix::fs::FileExt as _};

use tessera_adapters::Inspection;
use tessera_testkit::expectations::{ok, some};
use tessera_tests::{database::Backend, on_both, on_sqlite, process::Installation, test_org::TestOrg};

use crate::{change, change_file, examine, file_of};

on_both! {
    every_kind_of_row_passes
    ids_of_rows_that_do_not_exist_are_found
    an_organization_without_an_owner_is_found
    documents_beyond_their_limit_are_found
    tables_of_several_pages_are_read
}

on_sqlite! {
    documents_that_are_not_json_are_found
    a_damaged_file_is_found
}

/// The database of an organization with an application and a key, whose service has stopped.
async fn stopped(backend: Backend) -> Installation {
    let acme = TestOrg::open(backend).await;
    acme.key().await;
    acme.add_member("member").await;
    acme.service.node.terminate();
    let TestOrg { service, .. } = acme;
    let mut node = service.node;
    ok::<(), &str>(node.wait(std::time::Duration::from_mins(1)).await.success().then_some(()).ok_or("it failed"));
    service.installation
}

async fn every_kind_of_row_passes(backend: Backend) {
    let report = examine(&stopped(backend).await, &["--deep"]);
    for check in crate::DEEP {
        assert_eq!(report.status(check), "ok", "{}", report.finding(check));
    }
}

async fn ids_of_rows_that_do_not_exist_are_found(backend: Backend) {
    let installation = stopped(backend).await;
    let organization = "UPDATE api_keys SET organization_id = created_by";
    change(&installation, organization, organization).await;
    examine(&installation, &["--deep"]).has(
        "references",
        "fail",
        "api_keys.organization_id refers to organizations (1 rows",
    );
    change(&installation, "DELETE FROM users", "DELETE FROM users").await;
    let report = examine(&installation, &["--deep"]);
    report.has("references", "fail", "memberships refers to users (2 rows)");
    report.has("references", "fail", "restore a backup");
}

async fn an_organization_without_an_owner_is_found(backend: Backend) {
    let installation = stopped(backend).await;
    let demote = "UPDATE memberships SET role = 'member'";
    change(&installation, demote, demote).await;
    examine(&installation, &["--deep"]).has("owners", "fail", "organizations have no owner (1 rows, such as ");
}

async fn documents_beyond_their_limit_are_found(backend: Backend) {
    let installation = stopped(backend).await;
    let insert = |object: &str| {
        format!(
            "DELETE FROM custom_data; INSERT INTO custom_data (user_id, data, version, created_at, updated_at)
             SELECT id, {object}, 1, created_at, created_at FROM users LIMIT 1"
        )
    };
    for (length, status) in [(65_536 - 8, "ok"), (65_536 - 7, "fail")] {
        let sqlite = insert(&format!("'{{\"a\":\"' || printf('%.*c', {length}, 'x') || '\"}}'"));
        let postgres = insert(&format!("('{{\"a\":\"' || repeat('x', {length}) || '\"}}')::json"));
        change(&installation, &sqlite, &postgres).await;
        let report = examine(&installation, &["--deep"]);
        assert_eq!(report.status("documents"), status, "{}", report.finding("documents"));
    }
    examine(&installation, &["--deep"]).has("documents", "fail", "custom_data.data is longer than 65536 bytes");
}

async fn tables_of_several_pages_are_read(backend: Backend) {
    let installation = stopped(backend).await;
    let columns = "id, occurred_at, name, outcome, details, request_id";
    let sqlite = format!(
        "INSERT INTO events ({columns}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
         SELECT randomblob(16), i, 'test', 'success', '{{}}', 'r' FROM n"
    );
    let postgres = format!(
        "INSERT INTO events ({columns}) SELECT gen_random_uuid(), now(), 'test', 'success', '{{}}', 'r'
         FROM generate_series(1, 1200)"
    );
    let before = documents(&installation);
    change(&installation, &sqlite, &postgres).await;
    assert_eq!(documents(&installation), before + 1_200);
}

/// The number of documents that the doctor has read.
fn documents(installation: &Installation) -> u64 {
    let report = examine(installation, &["--deep"]);
    let detail = some(report.finding("documents")["detail"].as_str()).to_owned();
    ok(detail.split(' ').next().unwrap_or_default().parse())
}

async fn documents_that_are_not_json_are_found(backend: Backend) {
    let installation = stopped(backend).await;
    change_file(&some(file_of(&installation)), "UPDATE applications SET permissions = '[1'");
    examine(&installation, &["--deep"]).has("documents", "fail", "applications.permissions is not JSON (1 rows");
}

async fn a_damaged_file_is_found(backend: Backend) {
    let installation = stopped(backend).await;
    let path = some(file_of(&installation));
    // A page of an index, so that the tables are still readable.
    change_file(&path, "VACUUM; CREATE INDEX damaged ON events (request_id)");
    let file = ok(std::fs::File::options().read(true).write(true).open(&path));
    let length = ok(file.metadata()).len();
    ok(file.write_all_at(&[0xff; 512], length - 4096));
    ok((&file).flush());
    examine(&installation, &["--deep"]).has("integrity", "fail", "restore the last backup");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_index_of_postgresql_is_found() {
    let installation = stopped(Backend::Postgres).await;
    let invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'mails_waiting'::regclass";
    installation.database().execute(invalid).await;
    examine(&installation, &["--deep"]).has("integrity", "fail", "REINDEX INDEX CONCURRENTLY mails_waiting");
}

/// The schema decides which columns contain documents and ids.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deep_checks_know_all_documents_and_ids_of_the_schema() {
    let installation = Installation::new(Backend::Postgres).await;
    let documents = installation.database().texts(
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'json'",
    );
    let known: BTreeSet<String> = Inspection::document_columns().into_iter().collect();
    let missing: Vec<String> = documents.await.into_iter().filter(|column| !known.contains(column)).collect();
    assert_eq!(missing, Vec::<String>::new(), "add them to inspection/documents.rs");
    let ids = installation.database().texts(
        "SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
           AND a.atttypid = 'uuid'::regtype AND a.attname <> 'id'
           AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
             AND a.attnum = ANY (k.conkey))",
    );
    let mut known = Inspection::ids_without_foreign_key();
    let mut found = ids.await;
    known.sort();
    found.sort();
    assert_eq!(found, known, "change inspection/references.rs");
}
