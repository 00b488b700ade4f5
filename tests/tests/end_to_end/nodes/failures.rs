//! Failures of PostgreSQL under load: every request has a response in time, none is rejected for a false reason, and the
//! service recovers by itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Api, try_send},
    cluster::{Cluster, Stop},
    eventually,
    process::{Installation, Node},
    proxy::{Network, Proxy, server_of},
    test_org::TestOrg,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

const CLIENTS: usize = 200;

/// The time limit of a request, and a tolerance for the clients, which share the processors with the service.
const RESPONSE: Duration = Duration::from_secs(10 + 2);

/// The service is ready 5 s after the database is. The rest is for a machine whose disk stalls.
const RECOVERY: Duration = Duration::from_secs(5 + 5);

/// What the clients share.
struct Load {
    ended: AtomicBool,
    succeeded: AtomicUsize,
    failed: AtomicUsize,
}

impl Load {
    /// Sends requests until the end. They read with a session, verify a key, and write.
    async fn run(self: Arc<Self>, client: usize, person: Api, server: Api, inventory: String, key: String) {
        for number in 0.. {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let request = match (client + number) % 3 {
                0 => person.request(Method::GET, "/api/v1/users/me"),
                1 => person.anonymous().request(Method::POST, "/api/v1/apikeys/verify").json(&json!({"key": key})),
                _ => server
                    .request(Method::POST, &format!("/api/v1{inventory}"))
                    .json(&json!({"sku": format!("c{client}"), "quantity": number})),
            };
            let started = Instant::now();
            let answer = timeout(RESPONSE, try_send(request)).await;
            let answer = answer.unwrap_or_else(|_| panic!("no response within {RESPONSE:?}"));
            let answer = answer.unwrap_or_else(|error| panic!("no response after {:?}: {error}", started.elapsed()));
            match answer.status {
                200 | 201 => {
                    assert!(!answer.text().contains("\"valid\":false"), "{}", answer.text());
                    self.succeeded.fetch_add(1, Ordering::SeqCst);
                }
                503 => {
                    assert!(answer.header("retry-after").is_some(), "{}", answer.text());
                    self.failed.fetch_add(1, Ordering::SeqCst);
                }
                other => panic!("{other}: {}", answer.text()),
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Waits until requests have failed.
    async fn has_failures(&self, before: usize) {
        let have_failed = || std::future::ready((self.failed.load(Ordering::SeqCst) > before).then_some(()));
        eventually("requests fail", Duration::from_secs(30), have_failed).await;
    }
}

/// Waits until the node is ready and requests succeed.
async fn recovers(what: &str, node: &Node, load: &Load) {
    let (healed, api) = (Instant::now(), node.api());
    let ready = || async { (api.get_root("/health/ready").await.status == 200).then_some(()) };
    eventually(what, RECOVERY, ready).await;
    let before = load.succeeded.load(Ordering::SeqCst);
    let succeed = || std::future::ready((load.succeeded.load(Ordering::SeqCst) >= before + CLIENTS).then_some(()));
    eventually(what, Duration::from_secs(30), succeed).await;
    let (succeeded, failed) = (load.succeeded.load(Ordering::SeqCst), load.failed.load(Ordering::SeqCst));
    eprintln!(
        "{what}: ready and {CLIENTS} responses after {:?}; {succeeded} succeeded, {failed} failed",
        healed.elapsed()
    );
}

/// The resident memory of a process in KiB.
fn memory(node: &Node) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", node.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_of_the_database_is_503_in_time_and_ends_by_itself_slow() {
    let mut server = Cluster::start().await;
    let installation = Installation::on_server(&server).await;
    assert!(installation.run(&["migrate"]).status.success());
    let serving = installation.database().as_serving_role().await;
    let proxy = Proxy::to(server_of(&serving)).await;
    let installation = installation.set("TESSERA_DATABASE_URL", &proxy.url(&serving)).set("TESSERA_THROTTLE", "off");
    let acme = TestOrg::open_on(installation).await;
    let (key, node) = (acme.key().await, &acme.service.node);
    let load =
        Arc::new(Load { ended: AtomicBool::new(false), succeeded: AtomicUsize::new(0), failed: AtomicUsize::new(0) });
    let clients: JoinSet<()> = (0..CLIENTS)
        .map(|client| {
            let (person, server) = (Api::clone(&acme.owner), node.api().key(&key.raw));
            Arc::clone(&load).run(client, person, server, acme.inventory(), key.raw.clone())
        })
        .collect();
    let started = async {
        recovers("no failure", node, &load).await;
        let before = memory(node);
        fail_in_every_way(&mut server, &proxy, &acme, &load).await;
        let after = memory(node);
        assert!(after < 2 * before + 64 * 1024, "{before} KiB, then {after} KiB");
        load.ended.store(true, Ordering::SeqCst);
    };
    tokio::join!(started, clients.join_all());
}

async fn fail_in_every_way(server: &mut Cluster, proxy: &Proxy, acme: &TestOrg, load: &Load) {
    let (node, failures) = (&acme.service.node, || load.failed.load(Ordering::SeqCst));
    server.restart(Stop::Immediate).await;
    recovers("restarted", node, load).await;

    let before = failures();
    proxy.set(Network::Silent);
    load.has_failures(before).await;
    // Longer than any request may take.
    sleep(RESPONSE).await;
    proxy.set(Network::Open);
    recovers("silent", node, load).await;

    proxy.set(Network::Down);
    load.has_failures(failures()).await;
    proxy.set(Network::Open);
    recovers("resets", node, load).await;

    proxy.set(Network::Slow(Duration::from_millis(300)));
    sleep(Duration::from_secs(5)).await;
    proxy.set(Network::Open);
    recovers("slow", node, load).await;

    server.set("default_transaction_read_only", "on").await;
    load.has_failures(failures()).await;
    server.set("default_transaction_read_only", "off").await;
    recovers("read-only", node, load).await;

    let database = acme.service.installation.database();
    let role = format!("{}_serve", database.url().rsplit('/').next().unwrap_or_default());
    server.execute(&format!("ALTER ROLE {role} CONNECTION LIMIT 1")).await;
    let close = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
    server.execute(&close).await;
    load.has_failures(failures()).await;
    server.execute(&format!("ALTER ROLE {role} CONNECTION LIMIT -1")).await;
    recovers("out of connections", node, load).await;

    // The code of a full disk. To fill a real one, a test would have to be root.
    let fill = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION full_disk();
        CREATE TRIGGER full_disk BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION full_disk()";
    database.execute(fill).await;
    load.has_failures(failures()).await;
    database.execute("DROP FUNCTION full_disk() CASCADE").await;
    recovers("disk full", node, load).await;
}
