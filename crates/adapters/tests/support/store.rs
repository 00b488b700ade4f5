//! The test harness of a store with its own database, and tests beyond the contracts of the ports.

use std::{sync::Arc, time::Duration};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use tessera_adapters::{DatabaseSettings, MasterKey, OpenError, SqlStore};
use tessera_identity::{
    Identity, RequestPasswordReset,
    model::User,
    ports::{IdentityStore, RequestHashes},
};
use tessera_inventory::ports::ItemStore;
use tessera_kernel::{KeyedDigest as _, OrganizationId, Role, SecretDigest as _, SecretHash, StoreError, UserId};
use tessera_orgs::ports::OrgStore;
use tessera_outbox::TakenMail;
use tessera_system::Sha256Digest;
use tessera_testkit::{
    Harness, Skip, Stores, Workbench, async_trait, builders,
    expectations::{conflict, failed, ok, parsed, some},
};
use tessera_tests::database::{Backend, TestDatabase};

pub(crate) struct Subject {
    pub(crate) store: SqlStore,
    pub(crate) stores: Stores,
    pub(crate) database: TestDatabase,
}

/// Names the backend of a harness.
pub(crate) trait On: Send + Sync + 'static {
    const BACKEND: Backend;
}

/// A store with its own database, for the contract tests.
pub(crate) struct SqlHarness<B>(Subject, std::marker::PhantomData<B>);

#[async_trait]
impl<B: On> Harness for SqlHarness<B> {
    async fn start() -> Result<Self, Skip> {
        Ok(Self(Subject::on(B::BACKEND).await, std::marker::PhantomData))
    }

    fn stores(&self) -> &Stores {
        &self.0.stores
    }

    fn connections_in_use(&self) -> usize {
        self.0.store.connections_in_use()
    }

    async fn reopen(&mut self) -> Result<(), Skip> {
        self.0.store = ok(open(&self.0.database).await);
        self.0.stores = Stores::of(&Arc::new(self.0.store.clone()));
        Ok(())
    }
}

impl Subject {
    pub(crate) async fn on(backend: Backend) -> Self {
        let database = TestDatabase::create_migrated(backend, async |template| drop(ok(open(template).await))).await;
        let store = ok(open(&database).await);
        let stores = Stores::of(&Arc::new(store.clone()));
        Self { store, stores, database }
    }
}

pub(crate) fn settings(database: &TestDatabase) -> DatabaseSettings {
    DatabaseSettings { pool_size: 8, credential_cache: 1024 * 1024, ..DatabaseSettings::new(parsed(database.url())) }
}

pub(crate) async fn open(database: &TestDatabase) -> Result<SqlStore, OpenError> {
    SqlStore::open(&settings(database)).await
}

/// Runs a statement on the database without the store.
pub(crate) async fn execute(database: &TestDatabase, statement: &str) {
    if let Some(directory) = database.directory() {
        let file = directory.join("tessera.db");
        let mut connection = ok(SqliteConnection::establish(some(file.to_str())));
        return ok(connection.batch_execute(statement));
    }
    let (client, connection) = ok(tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await);
    let connection = tokio::spawn(connection);
    ok(client.batch_execute(statement).await);
    drop(client);
    ok(ok(connection.await));
}

/// Waits until every connection is returned.
pub(crate) async fn at_rest(store: &SqlStore) {
    let waiting = async {
        while store.connections_in_use() > 0 {
            tokio::task::yield_now().await;
        }
    };
    ok(tokio::time::timeout(Duration::from_secs(20), waiting).await);
}

/// Writes a user. This fails if another transaction holds the write lock.
pub(crate) async fn write(store: &SqlStore, number: u32) -> Result<(), StoreError> {
    let mut tx = IdentityStore::begin(store).await?;
    tx.users().insert(&builders::user(number), None).await?;
    tx.commit().await
}

pub(crate) async fn two_stores_open_an_empty_database_at_once(backend: Backend) {
    let database = Arc::new(TestDatabase::create(backend).await);
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let database = Arc::clone(&database);
            tokio::spawn(async move { open(&database).await })
        })
        .collect();
    for (number, opened) in (1..).zip(opening) {
        ok(write(&ok(ok(opened.await)), number).await);
    }
}

pub(crate) async fn a_schema_newer_than_the_program_is_not_opened(backend: Backend) {
    let subject = Subject::on(backend).await;
    execute(&subject.database, "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").await;
    let error = failed(open(&subject.database).await.map(|_| ()));
    assert!(matches!(&error, OpenError::NewerSchema { version } if version == "9999"), "{error:?}");
    assert!(!error.may_pass(), "another try changes nothing");
}

pub(crate) async fn all_nodes_use_the_secret_that_was_stored_first(backend: Backend) {
    let one = Subject::on(backend).await;
    let other = ok(open(&one.database).await);
    let keeping: Vec<_> = (0..16_u8)
        .map(|number| {
            let store = if number % 2 == 0 { one.store.clone() } else { other.clone() };
            tokio::spawn(async move { store.keep_secret("jwt", &[number; 40]).await })
        })
        .collect();
    let mut kept = Vec::new();
    for keeper in keeping {
        kept.push(ok(ok(keeper.await)));
    }
    assert!(kept.iter().all(|secret| *secret == kept[0]), "all nodes must have one secret: {kept:?}");
    assert_eq!(ok(other.find_secret("jwt").await), Some(kept.remove(0)));
    assert_eq!(ok(other.find_secret("another").await), None);
}

pub(crate) async fn a_database_answers_to_a_ping(backend: Backend) {
    let subject = Subject::on(backend).await;
    ok(subject.store.ping().await);
    assert_eq!(subject.store.connections_in_use(), 0);
}

/// Other transactions may run on another node, which cannot clean up after this one.
pub(crate) async fn a_dropped_transaction_does_not_block_other_transactions(backend: Backend) {
    let subject = Subject::on(backend).await;
    let other = ok(open(&subject.database).await);
    for number in 0..8 {
        let mut tx = ok(subject.stores.identity.begin().await);
        ok(tx.users().insert(&builders::user(number), None).await);
        drop(tx);
        ok(write(&other, number).await);
    }
}

pub(crate) async fn a_transaction_with_a_failed_statement_does_not_commit(backend: Backend) {
    let subject = Subject::on(backend).await;
    let mut tx = ok(subject.stores.identity.begin().await);
    ok(tx.users().insert(&builders::user(1), None).await);
    let namesake = User { id: builders::user_id(2), ..builders::user(1) };
    conflict(tx.users().insert(&namesake, None).await, "users_email_canonical");
    drop(failed(tx.commit().await));
    assert_eq!(ok(subject.stores.identity.find_user(builders::user_id(1)).await), None);
    at_rest(&subject.store).await;
}

pub(crate) async fn conflicts_of_other_unique_keys_are_reported_by_name(backend: Backend) {
    let subject = Subject::on(backend).await;
    let stores = &subject.stores;
    let organization = builders::organization(1);
    let application = builders::application(1, organization.id);
    stores.add_organizations([&organization]).await;
    stores.add_applications([&application]).await;
    let first = stores.put_item(&builders::item_change(1, application.id)).await;
    let mut second = builders::item_change(2, application.id);
    second.id = first.id;
    conflict(stores.items.upsert_item(&second, None).await, "items_id");
    conflict(event_twice(stores).await, "events_id");
}

pub(crate) async fn a_row_with_an_invalid_value_is_reported_as_corrupt(backend: Backend) {
    let subject = Subject::on(backend).await;
    subject.stores.add_users([&builders::user(1)]).await;
    execute(&subject.database, "UPDATE users SET email = 'not an address'").await;
    let error = failed(subject.stores.identity.find_user(builders::user_id(1)).await);
    assert!(matches!(&error, StoreError::Corrupt(why) if why.starts_with("users.email: ")), "{error:?}");
    execute(&subject.database, "UPDATE users SET email = 'a@b.example'").await;
    ok(subject.stores.identity.find_user(builders::user_id(1)).await);
}

pub(crate) async fn a_corrupt_account_does_not_delay_the_reset_links_of_others(backend: Backend) {
    let subject = Subject::on(backend).await;
    let (stores, bench) = (&subject.stores, Workbench::new());
    stores.add_users([&builders::user(1), &builders::user(2)]).await;
    let mut ports = bench.identity_ports();
    (ports.store, ports.resets) = (stores.identity.clone(), stores.resets.clone());
    let identity = Identity::new(ports, Workbench::identity_settings());
    for email in ["user1@example.com", "user2@example.com"] {
        ok(identity
            .request_password_reset(RequestPasswordReset { email: email.to_owned(), origin: builders::origin() })
            .await);
    }
    execute(&subject.database, "UPDATE users SET first_name = '' WHERE email_canonical = 'user1@example.com'").await;
    let error = failed(identity.process_reset_requests(9).await);
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert_eq!(ok(identity.process_reset_requests(9).await), 1);
    at_rest(&subject.store).await;
    execute(&subject.database, "UPDATE users SET first_name = NULL").await;
    // A request that cannot be read does not block the others either.
    for email in ["user1@example.com", "user2@example.com"] {
        ok(identity
            .request_password_reset(RequestPasswordReset { email: email.to_owned(), origin: builders::origin() })
            .await);
    }
    execute(
        &subject.database,
        "UPDATE password_reset_requests SET request_id = '' WHERE email_canonical = 'user1@example.com'",
    )
    .await;
    let error = failed(identity.process_reset_requests(9).await);
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    assert_eq!(ok(identity.process_reset_requests(9).await), 1);
    at_rest(&subject.store).await;
}

pub(crate) async fn a_message_of_another_kind_is_not_taken(backend: Backend) {
    let subject = Subject::on(backend).await;
    let queue = &subject.stores.mails;
    subject.stores.add_mails([&builders::mail(1), &builders::mail(2)]).await;
    let (now, until) = (builders::NOW + Duration::from_hours(1), builders::NOW + Duration::from_hours(2));
    execute(&subject.database, "UPDATE mails SET kind = 'webhook' WHERE recipient = 'Guest1@example.com'").await;
    assert_eq!(ok(queue.take(now, until, 10).await), [TakenMail { mail: builders::mail(2), attempt: 1 }]);
    // The message was neither reserved nor counted as an attempt.
    execute(&subject.database, "UPDATE mails SET kind = 'mail'").await;
    assert_eq!(ok(queue.take(now, until, 10).await), [TakenMail { mail: builders::mail(1), attempt: 1 }]);
}

async fn event_twice(stores: &Stores) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.events().append(&builders::event(1)).await?;
    tx.events().append(&builders::event(1)).await?;
    tx.commit().await
}

pub(crate) async fn every_missing_reference_is_reported_as_the_same_conflict(backend: Backend) {
    let subject = Subject::on(backend).await;
    let stores = &subject.stores;
    stores.add_users([&builders::user(1)]).await;
    stores.add_organizations([&builders::organization(1)]).await;
    let (user, organization) = (builders::user_id(1), builders::organization_id(1));
    conflict(join(stores, organization, builders::user_id(9)).await, StoreError::REFERENCE);
    conflict(join(stores, builders::organization_id(9), user).await, StoreError::REFERENCE);
    let orphan = builders::application(1, builders::organization_id(9));
    let mut tx = ok(stores.apps.begin().await);
    conflict(tx.applications().insert(&orphan).await, StoreError::REFERENCE);
    drop(tx);
    let mut tx = ok(stores.api_keys.begin().await);
    conflict(tx.keys().insert(&builders::api_key(1, &orphan, user)).await, StoreError::REFERENCE);
    drop(tx);
    let mut tx = ok(stores.identity.begin().await);
    ok(tx.sessions().insert(&builders::session(1, builders::user_id(9))).await);
    conflict(tx.commit().await, StoreError::REFERENCE);
    conflict(stores.items.upsert_item(&builders::item_change(1, orphan.id), None).await, StoreError::REFERENCE);
}

async fn join(stores: &Stores, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
    let mut tx = OrgStore::begin(&*stores.orgs).await?;
    tx.memberships().insert(&builders::membership(organization, user, Role::Member)).await
}

pub(crate) async fn a_wait_for_a_connection_fails_as_busy_after_its_timeout(backend: Backend) {
    let database = TestDatabase::create(backend).await;
    let acquire_timeout = Duration::from_millis(100);
    let store = ok(SqlStore::open(&DatabaseSettings { pool_size: 1, acquire_timeout, ..settings(&database) }).await);
    let held = ok(IdentityStore::begin(&store).await);
    let error = failed(write(&store, 1).await);
    assert!(matches!(error, StoreError::Busy), "must be busy: {error:?}");
    drop(held);
    at_rest(&store).await;
    ok(write(&store, 1).await);
}

/// Each worker of the HTTP server has a runtime of one thread, on which a driver must not block when a client
/// disconnects. This test cancels work on such a runtime, at every await in turn, and requires that other writes
/// continue.
pub(crate) async fn cancelled_work_on_a_single_threaded_runtime_does_not_block_others(backend: Backend) {
    let subject = Subject::on(backend).await;
    let stores = &subject.stores;
    stores.add_organizations([&builders::organization(1)]).await;
    stores.add_applications([&builders::application(1, builders::organization_id(1))]).await;
    for polls in 0..24 {
        let store = subject.store.clone();
        let worker = std::thread::spawn(move || {
            let runtime = ok(tokio::runtime::Builder::new_current_thread().enable_all().build());
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, hang_up_after(polls, all_sorts_of_work(&store, 1_000 + polls)));
        });
        let hung_up = ok(tokio::task::spawn_blocking(|| worker.join()).await);
        assert!(hung_up.is_ok(), "must not panic when cancelled after {polls} polls");
        ok(write(&subject.store, 2_000 + polls).await);
    }
    at_rest(&subject.store).await;
}

async fn all_sorts_of_work(store: &SqlStore, number: u32) -> Result<(), StoreError> {
    store.find_user(builders::user_id(number)).await?;
    store.upsert_item(&builders::item_change(number, builders::application_id(1)), None).await?;
    write(store, number).await
}

/// Polls a future the given number of times, each time when it is woken, and drops it.
async fn hang_up_after<F: Future>(polls: u32, work: F) {
    let mut work = std::pin::pin!(work);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        let done = work.as_mut().poll(context).map(|_| ());
        if left == 0 { std::task::Poll::Ready(()) } else { done }
    })
    .await;
}

/// Versions before stored the plain hashes of devices and networks.
pub(crate) async fn plain_hashes_of_known_devices_become_keyed(backend: Backend) {
    let subject = Subject::on(backend).await;
    let (store, stores) = (&subject.store, &subject.stores);
    let key: MasterKey = parsed("an example of a master key, 1234567890");
    let user = builders::user_id(1);
    stores.add_users([&builders::user(1)]).await;
    let now = ok(stores.resets.now().await);
    let record = async |hash: SecretHash| {
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().lock(user).await);
        ok(tx.known_devices().record(user, &hash, now).await);
        ok(tx.known_devices().record_network(user, &hash, now).await);
        ok(tx.commit().await);
    };
    for text in ["one", "two", "three"] {
        record(Sha256Digest.digest(text)).await;
    }
    execute(&subject.database, "UPDATE known_clients SET keyed = false; UPDATE known_networks SET keyed = false").await;
    // A sign-in on a node of the new version came before.
    record(key.keyed_digest("one")).await;
    let known = async |hash: SecretHash| {
        let request = RequestHashes { device: Some(hash), network: Some(hash), ..RequestHashes::default() };
        let context = ok(stores.identity.password_check_context(user, request).await);
        assert_eq!(context.known_device, context.known_network);
        context.known_device
    };
    assert!(known(Sha256Digest.digest("two")).await && !known(key.keyed_digest("two")).await);
    assert_eq!(ok(store.key_plain_hashes(&key).await), 6);
    assert_eq!(ok(store.key_plain_hashes(&key).await), 0);
    for text in ["one", "two", "three"] {
        assert!(known(key.keyed_digest(text)).await && !known(Sha256Digest.digest(text)).await, "{text}");
    }
    let other: MasterKey = parsed("another example of a master key, 0987654321");
    assert!(!known(other.keyed_digest("one")).await);
}
