//! Failover of PostgreSQL to a synchronous standby under write load.
//!
//! `TEST_FAILOVERS` is the number of failovers. The figures are shown with `--no-capture`.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, try_send},
    cluster::{Cluster, Stop},
    eventually,
    process::{Installation, Node, PUBLIC_URL},
    proxy::{Network, Proxy},
    test_org::{Key, Service, TestOrg},
};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_mins(1);

/// Tasks that write at each node.
const WRITERS: usize = 4;

/// How many failovers are tried: 2, or `TEST_FAILOVERS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
fn failovers() -> usize {
    let number = std::env::var("TEST_FAILOVERS").unwrap_or_else(|_| "2".to_owned());
    number.parse().unwrap_or_else(|error| panic!("TEST_FAILOVERS: {error}"))
}

/// The writes of all tasks.
#[derive(Default)]
struct Writes {
    /// The number of the failover, which is a part of the name of each item.
    round: AtomicUsize,
    ended: AtomicBool,
    /// The acknowledged version of each item.
    acknowledged: Mutex<BTreeMap<String, i64>>,
    /// The number of acknowledged writes, and when the last one was, for each node.
    nodes: [(AtomicUsize, Mutex<Option<Instant>>); 2],
    failed: AtomicUsize,
}

impl Writes {
    async fn run(self: Arc<Self>, node: usize, writer: usize, api: Api, path: String) {
        for number in 0_u64.. {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let sku = format!("r{}-n{node}w{writer}-{}", self.round.load(Ordering::SeqCst), number / 2);
            let body = json!({"sku": sku, "quantity": number});
            let answer = try_send(api.request(Method::POST, &format!("/api/v1{path}")).json(&body)).await;
            let answer = answer.unwrap_or_else(|error| panic!("no response: {error}"));
            match answer.status {
                200 | 201 => {
                    let version = answer.json()["version"].as_i64().unwrap_or_default();
                    self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(sku, version);
                    *self.nodes[node].1.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                    self.nodes[node].0.fetch_add(1, Ordering::SeqCst);
                }
                503 => {
                    self.failed.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => panic!("{other}: {}", answer.text()),
            }
        }
    }

    /// Waits until each node has acknowledged more writes.
    async fn go_on(&self, more: usize) {
        let counts = || self.nodes.each_ref().map(|(count, _)| count.load(Ordering::SeqCst));
        let before = counts();
        let have_more = || counts().iter().zip(before).all(|(now, before)| *now >= before + more);
        eventually("both nodes write", PATIENCE, || std::future::ready(have_more().then_some(()))).await;
    }

    /// When a write was last acknowledged.
    fn last(&self) -> Option<Instant> {
        let last = |(_, last): &(_, Mutex<Option<Instant>>)| *last.lock().unwrap_or_else(PoisonError::into_inner);
        self.nodes.iter().filter_map(last).max()
    }
}

/// Waits until a standby confirms the commits of a primary.
async fn synchronous(primary: &Cluster) {
    primary.set("synchronous_standby_names", "*").await;
    let client = primary.connect().await;
    let query = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'";
    eventually("the standby is synchronous", PATIENCE, || async {
        let rows = client.query(query, &[]).await.unwrap_or_else(|error| panic!("{error}"));
        (!rows.is_empty()).then_some(())
    })
    .await;
}

/// Cancels commits that wait for the standby. They are committed on the primary only.
async fn cancel_commits(primary: &Cluster) {
    let client = primary.connect().await;
    let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let cancelled = AtomicUsize::new(0);
    eventually("commits are cancelled", PATIENCE, || async {
        let rows = client.query(cancel, &[]).await.unwrap_or_else(|error| panic!("{error}"));
        (cancelled.fetch_add(rows.len(), Ordering::SeqCst) + rows.len() >= WRITERS).then_some(())
    })
    .await;
}

/// Every item with its version.
async fn items(api: &Api, path: &str) -> BTreeMap<String, i64> {
    let (mut found, mut next) = (BTreeMap::new(), Some(format!("/api/v1{path}?limit=200")));
    while let Some(page) = next {
        let answer = api.get_root(&page).await;
        for item in answer.expecting(200).as_array().into_iter().flatten() {
            let sku = item["sku"].as_str().unwrap_or_default().to_owned();
            found.insert(sku, item["version"].as_i64().unwrap_or_default());
        }
        let link = answer.header("link").and_then(|link| link.split('<').nth(1)?.split('>').next());
        next = link.map(|link| link.trim_start_matches(PUBLIC_URL).to_owned());
    }
    found
}

/// Kills the primary while commits wait for the standby, promotes the standby, and starts the old primary again as it was.
async fn fail_over(writes: &Writes, mut primary: Cluster, standby: &Cluster, network: &Proxy, database: &str) {
    writes.go_on(20).await;
    let failed = writes.failed.load(Ordering::SeqCst);
    network.set(Network::Silent);
    cancel_commits(&primary).await;
    let killed = Instant::now();
    primary.stop(Stop::Immediate).await;
    network.set(Network::Down);
    standby.promote().await;
    let promoted = killed.elapsed();
    let written = || std::future::ready(writes.last().filter(|last| *last > killed + promoted));
    let first = eventually("a write after the failover", PATIENCE, written).await;
    let failed = writes.failed.load(Ordering::SeqCst) - failed;
    eprintln!("first write {:?} after the failure, promotion {promoted:?}, {failed} failed requests", first - killed);
    writes.go_on(20).await;

    // An operator, or the system, starts it as a primary. It accepts writes, but lacks those since the failover.
    let round = writes.round.fetch_add(1, Ordering::SeqCst) + 1;
    primary.launch().await;
    writes.go_on(50).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/{database}", primary.port());
    let (client, connection) =
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap_or_else(|e| panic!("{e}"));
    drop(tokio::spawn(connection));
    let written = client.query(&format!("SELECT sku FROM items WHERE sku LIKE 'r{round}-%'"), &[]).await;
    let written = written.unwrap_or_else(|error| panic!("{error}"));
    assert!(written.is_empty(), "a node has written {} items to the old primary", written.len());
    primary.stop(Stop::Immediate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_to_a_synchronous_standby_loses_no_acknowledged_write_slow() {
    let mut primary = Cluster::start().await;
    let (ports, mut is_second) = ([primary.port(), Cluster::any_port()], false);
    let installation = Installation::on_server(&primary).await;
    let database = installation.database().url().rsplit('/').next().unwrap_or_default().to_owned();
    let url = format!("postgres://postgres@127.0.0.1:{},127.0.0.1:{}/{database}", ports[0], ports[1]);
    let acme = TestOrg::open_on(installation.set("TESSERA_DATABASE_URL", &url).set("TESSERA_THROTTLE", "off")).await;
    let (key, path) = (acme.key().await, acme.inventory());
    let TestOrg { service: Service { node, installation }, .. } = acme;
    let nodes = [node, installation.start()];
    let writes = Arc::new(Writes::default());
    let load = writers(&writes, &nodes, &key, &path);
    let failing = async {
        for _ in 0..failovers() {
            is_second = !is_second;
            let network = Proxy::to(&format!("127.0.0.1:{}", primary.port())).await;
            let standby = Cluster::standby_on(ports[usize::from(is_second)], &network).await;
            synchronous(&primary).await;
            fail_over(&writes, primary, &standby, &network, &database).await;
            primary = standby;
        }
        writes.ended.store(true, Ordering::SeqCst);
        primary
    };
    let (_primary, _) = tokio::join!(failing, load.join_all());
    let acknowledged = std::mem::take(&mut *writes.acknowledged.lock().unwrap_or_else(PoisonError::into_inner));
    for node in &nodes {
        let found = items(&node.api().key(&key.raw), &path).await;
        for (sku, version) in &acknowledged {
            let there = found.get(sku);
            assert!(there.is_some_and(|there| there >= version), "{sku}: acknowledged {version}, found {there:?}");
        }
    }
    eprintln!("{} acknowledged writes, none lost", acknowledged.len());
    assert_eq!(nodes[0].api().get_root("/health/ready").await.json()["checks"]["database"], Value::from("ok"));
}

fn writers(writes: &Arc<Writes>, nodes: &[Node; 2], key: &Key, path: &str) -> JoinSet<()> {
    let apis = nodes.each_ref().map(|node| node.api().key(&key.raw));
    (0..2 * WRITERS)
        .map(|writer| Arc::clone(writes).run(writer % 2, writer, apis[writer % 2].clone(), path.to_owned()))
        .collect()
}
