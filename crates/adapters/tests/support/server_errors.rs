//! Tests of PostgreSQL errors: codes and warnings.

use std::{fmt::Debug, time::Duration};

use tessera_kernel::StoreError;
use tessera_testkit::{
    builders,
    expectations::{failed, ok, some},
};
use tessera_tests::{database::Backend, eventually};
use tokio_postgres::{Client, NoTls};

use crate::store::{Subject, at_rest, execute, open, write};

async fn client(url: &str) -> Client {
    let (client, connection) = ok(tokio_postgres::connect(url, NoTls).await);
    drop(tokio::spawn(connection));
    client
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy => "busy",
        StoreError::Unavailable(_) => "unavailable",
        _ => "another",
    }
}

async fn with_an_application() -> Subject {
    let subject = Subject::on(Backend::Postgres).await;
    subject.stores.add_organizations([&builders::organization(1)]).await;
    subject.stores.add_applications([&builders::application(1, builders::organization_id(1))]).await;
    subject
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_is_read_by_its_code_and_never_by_its_text() {
    let subject = Subject::on(Backend::Postgres).await;
    // The name of the secret is used as the code. The text is that of a lost connection.
    execute(
        &subject.database,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'terminating connection: kein Platz' USING ERRCODE = NEW.name; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON secrets FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    .await;
    let expected = [
        ("busy", &["40001", "40P01", "55P03", "57014"][..]),
        ("unavailable", &["53100", "53200", "53300", "53400", "57P01", "57P03", "08006", "25006", "25P03", "58030"]),
        ("another", &["P0001", "22012", "42501", "XX000"]),
    ];
    for (expected, codes) in expected {
        for code in codes {
            let error = failed(subject.store.keep_secret(code, b"sealed").await);
            assert_eq!(kind(&error), expected, "{code}: {error:?}");
        }
    }
    at_rest(&subject.store).await;
}

/// The driver returns the row of such a statement before the server has committed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_at_its_implicit_commit_is_not_acknowledged() {
    let subject = with_an_application().await;
    execute(
        &subject.database,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'voll' USING ERRCODE = '53100'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON items DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    .await;
    let change = builders::item_change(1, builders::application_id(1));
    for _ in 0..20 {
        let error = failed(subject.stores.items.upsert_item(&change, None).await);
        assert_eq!(kind(&error), "unavailable", "{error:?}");
    }
    at_rest(&subject.store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_confirmed_with_a_warning_is_not_acknowledged() {
    let subject = with_an_application().await;
    let admin = client(subject.database.url()).await;
    let standbys: String = ok(admin.query_one("SHOW synchronous_standby_names", &[]).await).get(0);
    assert_eq!(standbys, "nobody", "scripts/test starts a server with this setting");
    let name = some(subject.database.url().rsplit('/').next()).to_owned();
    ok(admin.batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = on")).await);
    let store = ok(open(&subject.database).await);
    let (one, other, third) = (store.clone(), store.clone(), store.clone());
    is_not_acknowledged(&admin, async move { one.keep_secret("a", b"sealed").await }).await;
    let change = builders::item_change(1, builders::application_id(1));
    is_not_acknowledged(&admin, async move {
        tessera_inventory::ports::ItemStore::upsert_item(&other, &change, None).await
    })
    .await;
    is_not_acknowledged(&admin, async move { write(&third, 7).await }).await;
    at_rest(&store).await;
}

/// Cancels the wait for a standby. The change is committed on this server only, and the server reports that with a
/// warning.
async fn is_not_acknowledged<T>(admin: &Client, writing: impl Future<Output = Result<T, StoreError>> + Send + 'static)
where
    T: Debug + Send + 'static,
{
    let writing = tokio::spawn(writing);
    let query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'";
    let pid: i32 = eventually("the commit waits for a standby", Duration::from_secs(20), || async {
        ok(admin.query_opt(query, &[]).await).map(|row| row.get(0))
    })
    .await;
    ok(admin.query_one("SELECT pg_cancel_backend($1)", &[&pid]).await);
    let error = failed(ok(writing.await));
    let StoreError::Unavailable(cause) = &error else { panic!("must be unavailable: {error:?}") };
    assert!(cause.to_string().contains("warning"), "{cause}");
    let alive = "SELECT 1 FROM pg_stat_activity WHERE pid = $1";
    eventually("the connection is closed", Duration::from_secs(20), || async {
        ok(admin.query_opt(alive, &[&pid]).await).is_none().then_some(())
    })
    .await;
}
