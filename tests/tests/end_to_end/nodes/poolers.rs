//! `PgBouncer` in front of PostgreSQL: session mode works, and transaction mode is explained.

use std::time::Duration;

use serde_json::json;
use tessera_tests::{
    api::{Api, try_send},
    database::Backend,
    eventually,
    pooler::Pooler,
    process::{Installation, free_port},
    rejected_in_time,
    test_org::{Person, TestOrg},
};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_a_pooler_in_session_mode_share_one_database() {
    let installation = Installation::new(Backend::Postgres).await;
    let pooler = Pooler::start(installation.database().url(), "session").await;
    let url = pooler.url(installation.database().url());
    let acme = TestOrg::open_on(installation.set("TESSERA_DATABASE_URL", &url)).await;
    let other = acme.service.installation.start();
    let key = acme.key().await;
    let inventory = acme.inventory();
    for (node, status) in [(&acme.service.node, 201), (&other, 200)] {
        node.api().key(&key.raw).post(&inventory, &json!({"sku": "sword"})).await.is(status);
        node.api().key(&key.raw).get(&inventory).await.is(200);
    }
    // The change of rights passes through the pooler, too.
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    let rejected = other.api().key(&key.raw);
    rejected_in_time(401, "invalid_token", async || rejected.get(&inventory).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_is_explained_and_may_be_corrected() {
    let port = free_port();
    let installation = Installation::new(Backend::Postgres).await.set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"));
    let direct = installation.database().url().to_owned();
    let pooler = Pooler::start(&direct, "transaction").await;
    let installation = installation.set("TESSERA_DATABASE_URL", &pooler.url(&direct));
    let is_said = async |starting: &tessera_tests::process::Starting, words: &str| {
        eventually(words, PATIENCE, || std::future::ready(starting.log().contains(words).then_some(()))).await;
    };

    let starting = installation.spawn();
    is_said(&starting, "TESSERA_DATABASE_URL leads to a pooler in transaction mode: use session mode").await;
    let api = Api::new(&format!("http://127.0.0.1:{port}"));
    let live = || async { try_send(api.request(reqwest::Method::GET, "/health/live")).await.ok() };
    eventually("it lives", PATIENCE, live).await.is(200);
    api.get_root("/health/ready").await.problem(503, "not_ready");
    assert!(starting.stops_early().await.success());
    let output = installation.run(&["migrate"]);
    assert_eq!(output.status.code(), Some(1));

    // This version of PgBouncer loses prepared statements.
    let installation = installation.set("TESSERA_DATABASE_DIRECT_URL", &direct);
    let starting = installation.spawn();
    is_said(&starting, "does not keep prepared statements").await;
    drop(starting);
    let installation = installation.set("TESSERA_DATABASE_URL", &direct);
    let installation = installation.set("TESSERA_DATABASE_DIRECT_URL", &pooler.url(&direct));
    let starting = installation.spawn();
    is_said(&starting, "TESSERA_DATABASE_DIRECT_URL leads to a pooler in transaction mode").await;
    let port = pooler.port();
    drop(pooler);
    let _pooler = Pooler::on(port, &direct, "session").await;
    Person::register(&starting.ready().api()).await;
}

/// The service changes the schema and hears of changed rights as the owner, and does everything else as another role.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_direct_address_has_another_role() {
    let installation = Installation::new(Backend::Postgres).await;
    let (owner, serving) = (installation.database().url().to_owned(), installation.database().as_serving_role().await);
    let installation = installation.set("TESSERA_DATABASE_URL", &serving);
    let acme = TestOrg::open_on(installation.set("TESSERA_DATABASE_DIRECT_URL", &owner)).await;
    let key = acme.key().await;
    acme.api().key(&key.raw).post(&acme.inventory(), &json!({"sku": "sword"})).await.is(201);
    let roles = "DO $$ BEGIN
        ASSERT (SELECT bool_and(usename = 'postgres') FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'tessera credentials');
        ASSERT (SELECT bool_and(usename <> 'postgres') FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'tessera' AND state = 'idle');
        END $$";
    let database = acme.service.installation.database();
    eventually("the connections of the start are closed", PATIENCE, || async {
        database.try_execute(roles).await.ok()
    })
    .await;
}
