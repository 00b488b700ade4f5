//! The store as a role that can use neither advisory locks nor `pg_notify` nor `LOCK TABLE`: all contracts, and what takes their
//! place.

use std::sync::Arc;

use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_testkit::{
    Harness, Skip, Stores, async_trait,
    expectations::{failed, ok, parsed, some},
};
use tessera_tests::database::{Backend, TestDatabase};

use crate::{
    revocation,
    store::{Subject, open, settings, write},
};

pub(crate) struct LimitedRole {
    store: SqlStore,
    stores: Stores,
    database: TestDatabase,
    url: String,
}

impl LimitedRole {
    async fn open(url: &str, database: &TestDatabase) -> (SqlStore, Stores) {
        let store = ok(SqlStore::open(&DatabaseSettings { url: parsed(url), ..settings(database) }).await);
        let stores = Stores::of(&Arc::new(store.clone()));
        (store, stores)
    }
}

#[async_trait]
impl Harness for LimitedRole {
    async fn start() -> Result<Self, Skip> {
        let (database, url) = TestDatabase::create_limited(async |template| drop(ok(open(template).await))).await;
        let (store, stores) = Self::open(&url, &database).await;
        Ok(Self { store, stores, database, url })
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }

    fn connections_in_use(&self) -> usize {
        self.store.connections_in_use()
    }

    async fn reopen(&mut self) -> Result<(), Skip> {
        (self.store, self.stores) = Self::open(&self.url, &self.database).await;
        Ok(())
    }
}

tessera_testkit::all_store_contracts!(LimitedRole);

/// Nodes learn of the end of a right by their polls.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_end_of_a_right_reaches_nodes_without_notifications_s135() {
    let subject = revocation::subject_with_organization(Backend::Postgres).await;
    let url = subject.database.as_limited_role().await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(LimitedRole::open(&url, &subject.database).await.1);
    }
    let rights = revocation::grant_all(&nodes[0], 4).await;
    revocation::end_all(&nodes, rights, 8).await;
}

/// Another row is locked in place of the advisory lock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_without_advisory_locks_run_once() {
    let database = Arc::new(TestDatabase::create(Backend::Postgres).await);
    let name = some(database.url().rsplit('/').next()).to_owned();
    let owner = format!("{name}_owner");
    database
        .execute(&format!(
            "CREATE ROLE {owner} LOGIN; GRANT ALL ON SCHEMA public TO {owner};
            REVOKE EXECUTE ON FUNCTION pg_advisory_lock(bigint) FROM PUBLIC"
        ))
        .await;
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let (database, url) = (Arc::clone(&database), database.url().replace("postgres@", &format!("{owner}@")));
            tokio::spawn(
                async move { SqlStore::open(&DatabaseSettings { url: parsed(&url), ..settings(&database) }).await },
            )
        })
        .collect();
    for (number, opened) in (1..).zip(opening) {
        ok(write(&ok(ok(opened.await)), number).await);
    }
}

/// The privileges of `migrations/grants.sql`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_serving_role_changes_neither_the_schema_nor_the_audit_trail_s228() {
    let database = Subject::on(Backend::Postgres).await.database;
    let url = database.as_serving_role().await;
    let store = ok(SqlStore::open(&DatabaseSettings { url: parsed(&url), ..settings(&database) }).await);
    ok(write(&store, 1).await);
    let (client, connection) = ok(tokio_postgres::connect(&url, tokio_postgres::NoTls).await);
    drop(tokio::spawn(connection));
    for statement in [
        "CREATE TABLE t (x integer)",
        "ALTER TABLE users ADD COLUMN x integer",
        "DROP TABLE items",
        "TRUNCATE events",
        "UPDATE events SET name = 'x'",
        "UPDATE events SET details = '{}'",
        "UPDATE events SET occurred_at = now()",
        "INSERT INTO __diesel_schema_migrations VALUES ('9999')",
        "CREATE TRIGGER t BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ] {
        let error = failed(client.batch_execute(statement).await);
        assert_eq!(error.code().map(tokio_postgres::error::SqlState::code), Some("42501"), "{statement}: {error}");
    }
    // Equal denied attempts are counted in one entry, and old entries are deleted.
    ok(client.batch_execute("UPDATE events SET attempts = attempts + 1; DELETE FROM events").await);
    // A table of a later version.
    ok(database.try_execute("CREATE TABLE later (x integer)").await);
    ok(client.batch_execute("INSERT INTO later VALUES (1); UPDATE later SET x = 2; DELETE FROM later").await);
    drop(store);
    // If a migration is pending, the role must wait for the owner.
    let empty = TestDatabase::create(Backend::Postgres).await;
    let role = some(url.rsplit_once('/')).0.to_owned();
    let url = parsed(&format!("{role}/{}", some(empty.url().rsplit('/').next())));
    let error = failed(SqlStore::open(&DatabaseSettings { url, ..settings(&empty) }).await.map(|_| ()));
    assert!(error.may_pass() && format!("{error:?}").contains("NotAllowed"), "{error:?}");
}
