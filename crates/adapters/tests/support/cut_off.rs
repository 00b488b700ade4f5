//! Tests of the credential cache on PostgreSQL while a node does not hear from the database.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_testkit::{
    Stores,
    expectations::{ok, parsed},
};
use tessera_tests::{
    database::Backend,
    eventually,
    proxy::{Network, Proxy, server_of},
};
use tokio::task::JoinSet;

use super::{
    revocation::{BOUND, Kind, Right, end_all, grant_all, subject_with_organization},
    store::{self, Subject},
};

/// Opens a store behind a proxy.
async fn behind_a_proxy(subject: &Subject) -> (Proxy, SqlStore) {
    let proxy = Proxy::to(server_of(subject.database.url())).await;
    let url = parsed(&proxy.url(subject.database.url()));
    let settings = DatabaseSettings { url, ..store::settings(&subject.database) };
    (proxy, ok(SqlStore::open(&settings).await))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_hears_nothing_stops_using_its_cache_within_the_bound_s135() {
    let subject = subject_with_organization(Backend::Postgres).await;
    let (proxy, node) = behind_a_proxy(&subject).await;
    let node = Stores::of(&Arc::new(node));
    let mut rights = Vec::new();
    for (number, kind) in (1..).zip(Kind::ALL) {
        rights.push(Right::grant(&subject.stores, kind, number).await);
    }
    for right in &rights {
        assert!(right.is_accepted(&node).await);
    }
    proxy.set(Network::Silent);
    for right in &rights {
        right.end(&subject.stores).await;
    }
    let ended = Instant::now();
    // Each lookup is either answered from the cache, before the bound, or waits for the database.
    let asking: JoinSet<(Right, Option<Instant>)> = rights
        .into_iter()
        .map(|right| {
            let node = node.clone();
            async move {
                let mut last = None;
                loop {
                    let asked = Instant::now();
                    if !right.is_accepted(&node).await {
                        return (right, last);
                    }
                    last = Some(asked);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        })
        .collect();
    tokio::time::sleep(2 * BOUND).await;
    proxy.set(Network::Open);
    for (right, last) in asking.join_all().await {
        assert!(last.is_none_or(|last| last < ended + BOUND), "{right:?} was accepted after the bound");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_listens_for_notifications() {
    let subject = Subject::on(Backend::Postgres).await;
    let (client, connection) = ok(tokio_postgres::connect(subject.database.url(), tokio_postgres::NoTls).await);
    drop(tokio::spawn(connection));
    let query =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'";
    eventually("it listens", Duration::from_secs(20), || async {
        let listeners = ok(client.query(query, &[]).await);
        (listeners.len() == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_right_arrives_while_the_connections_of_the_feed_are_killed_s135() {
    let subject = subject_with_organization(Backend::Postgres).await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Stores::of(&Arc::new(ok(store::open(&subject.database).await))));
    }
    let rights = grant_all(&subject.stores, 4).await;
    let killing = async {
        loop {
            let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query LIKE '%credential_epoch%LEFT%')";
            store::execute(&subject.database, kill).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! { () = end_all(&nodes, rights, 8) => {}, () = killing => {} }
}
