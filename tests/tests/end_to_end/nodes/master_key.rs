//! Rotation of the master key: with three nodes under load, and with a command that is killed at each step.
//!
//! `TEST_RESEAL_KILLS` is the number of commands that are killed, 2 without it.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::json;
use tessera_adapters::{MasterKey, SealedColumn, SqlStore};
use tessera_identity::ports::IdentityStore as _;
use tessera_kernel::{Clock as _, MailId};
use tessera_outbox::SealedMail;
use tessera_system::{SystemClock, SystemEntropy, system_ports};
use tessera_tests::{
    api::{BASE, text_of, try_send},
    database::Backend,
    eventually, on_both, on_postgres,
    process::{Installation, MASTER_KEY, Node},
    test_org::{PASSWORD, Person},
    totp_app::{TotpApp, complete, mfa_token},
};
use tokio::task::JoinSet;

use crate::storage;

const OTHER_KEY: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffe0e1e2e3e4e5e6e7e8e9eaebecedeeef";

pub(super) const PATIENCE: Duration = Duration::from_mins(1);

on_postgres! {
    the_master_key_is_replaced_with_three_nodes_under_load_s226
}

on_both! {
    a_reseal_that_is_killed_is_continued
    the_first_key_must_be_the_one_of_the_values
}

/// How many commands are killed.
#[expect(clippy::disallowed_methods, reason = "the number of runs is chosen outside of the test")]
pub(super) fn kills() -> usize {
    let number = std::env::var("TEST_RESEAL_KILLS");
    number.map_or(2, |number| number.parse().unwrap_or_else(|error| panic!("{number}: {error}")))
}

pub(super) fn key(text: &str) -> MasterKey {
    text.parse().unwrap_or_else(|error| panic!("no master key: {error}"))
}

/// Runs a command that must fail, and returns its error.
#[track_caller]
pub(super) fn refused(installation: &Installation, arguments: &[&str]) -> String {
    let output = installation.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut errors = text.lines().filter(|line| !line.contains("\"level\":\"WARN\""));
    let error = errors.next().unwrap_or_default().to_owned();
    assert_eq!(errors.next(), None, "{text}");
    error
}

/// Clients that send requests to the nodes in a list until they are stopped.
struct Load {
    nodes: Arc<RwLock<Vec<String>>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    /// The node, the start and the response of requests that failed.
    failed: Arc<Mutex<Vec<(String, Instant, String)>>>,
    clients: JoinSet<()>,
}

impl Load {
    fn start(nodes: [&Node; 3], people: &[Person]) -> Self {
        let mut load = Self {
            nodes: Arc::new(RwLock::new(nodes.map(|node| node.url().to_owned()).to_vec())),
            stop: Arc::default(),
            answered: Arc::default(),
            failed: Arc::default(),
            clients: JoinSet::new(),
        };
        for (number, person) in people.iter().enumerate() {
            let client = Client {
                nodes: Arc::clone(&load.nodes),
                stop: Arc::clone(&load.stop),
                answered: Arc::clone(&load.answered),
                failed: Arc::clone(&load.failed),
                person: person.clone(),
            };
            load.clients.spawn(client.run(number));
        }
        load
    }

    fn set(&self, change: impl FnOnce(&mut Vec<String>)) {
        change(&mut self.nodes.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits for responses to requests that begin now.
    async fn flows(&self) {
        let before = self.answered.load(Ordering::SeqCst);
        eventually("responses", PATIENCE, || {
            std::future::ready((self.answered.load(Ordering::SeqCst) >= before + 40).then_some(()))
        })
        .await;
    }

    /// Restarts a node with the present settings. The clients do not use it meanwhile, as behind a load balancer.
    async fn restart(&self, mut node: Node, installation: &Installation) -> Node {
        let old = node.url().to_owned();
        self.set(|nodes| nodes.retain(|node| *node != old));
        node.terminate();
        let status = node.wait(PATIENCE).await;
        assert!(status.success(), "{}", node.log());
        let node = installation.start();
        self.set(|nodes| nodes.push(node.url().to_owned()));
        node
    }

    async fn finish(self) -> Vec<(String, Instant, String)> {
        self.stop.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Client {
    nodes: Arc<RwLock<Vec<String>>>,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<(String, Instant, String)>>>,
    person: Person,
}

impl Client {
    /// Reads with a token from before, refreshes, repeats a request with its idempotency key, and enrolls an app.
    async fn run(self, number: usize) {
        let login = json!({"email": self.person.email, "password": PASSWORD, "refresh": true});
        let tokens = self.send(0, "/auth/login", Some(&login), None).await;
        let mut refresh = text_of(&tokens, "refresh_token");
        let mut round = number;
        while !self.stop.load(Ordering::SeqCst) {
            round += 1;
            self.send(round, "/users/me", None, None).await;
            let refreshed = self.send(round + 1, "/auth/refresh", Some(&json!({"refresh_token": refresh})), None).await;
            refresh = text_of(&refreshed, "refresh_token");
            let org = json!({"name": "Studio"});
            let first = self.send(round, "/orgs", Some(&org), Some(&format!("key-{number}-once"))).await;
            let again = self.send(round + 1, "/orgs", Some(&org), Some(&format!("key-{number}-once"))).await;
            assert_eq!(first["id"], again["id"], "one organization");
            self.send(round, "/users/me/mfa/totp", Some(&json!({})), None).await;
        }
    }

    /// Sends a request to one of the nodes until there is a response, and returns its body.
    async fn send(
        &self,
        round: usize,
        path: &str,
        body: Option<&serde_json::Value>,
        idempotency_key: Option<&str>,
    ) -> serde_json::Value {
        for attempt in 0..1000 {
            let urls = self.nodes.read().unwrap_or_else(PoisonError::into_inner).clone();
            let url = urls[(round + attempt) % urls.len()].clone();
            let method = if body.is_some() { Method::POST } else { Method::GET };
            let mut request = self.person.at(&url).request(method, &format!("{BASE}{path}"));
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Some(key) = idempotency_key {
                request = request.header("Idempotency-Key", key);
            }
            let started = Instant::now();
            // A node that stops closes its connections.
            let Ok(answer) = try_send(request).await else { continue };
            // An enrollment requires a sign-in of the last five minutes, and a slow machine may need longer.
            if answer.status < 300 || answer.text().contains("reauthentication_required") {
                self.answered.fetch_add(1, Ordering::SeqCst);
                return answer.json();
            }
            let failure = format!("{path}: {} {}", answer.status, answer.text());
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).push((url, started, failure));
        }
        panic!("no response to {path}");
    }
}

/// The settings of a step of the rotation.
fn with_keys(installation: Installation, key: &str, also: Option<&str>) -> Installation {
    let installation = installation.set("TESSERA_MASTER_KEY", key);
    match also {
        Some(also) => installation.set("TESSERA_MASTER_KEY_ALSO", also),
        None => installation.unset("TESSERA_MASTER_KEY_ALSO"),
    }
}

async fn the_master_key_is_replaced_with_three_nodes_under_load_s226(backend: Backend) {
    let mut installation = Installation::new(backend).await;
    let (mut a, mut b, mut c) = (installation.start(), installation.start(), installation.start());
    let owner = Person::register(&a.api()).await;
    let (app, _) = TotpApp::enroll(&owner).await;
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(Person::register(&a.api()).await);
    }
    add_mails(&installation, &key(MASTER_KEY), 20).await;
    let load = Load::start([&a, &b, &c], &people);
    load.flows().await;

    // Step 1 on all nodes.
    installation = with_keys(installation, MASTER_KEY, Some(OTHER_KEY));
    a = load.restart(a, &installation).await;
    b = load.restart(b, &installation).await;
    c = load.restart(c, &installation).await;
    load.flows().await;
    // Step 2 on two of them. The third one is frozen before the values change.
    let frozen = c.url().to_owned();
    load.set(|nodes| nodes.retain(|node| *node != frozen));
    c.pause();
    installation = with_keys(installation, OTHER_KEY, Some(MASTER_KEY));
    a = load.restart(a, &installation).await;
    b = load.restart(b, &installation).await;
    let said = installation.output_of(&["master-key", "reseal"]);
    assert!(said.ends_with("0 values under other keys\n"), "{said}");
    load.flows().await;
    c.resume();
    let resumed = Instant::now();
    load.set(|nodes| nodes.push(frozen.clone()));
    // What the new key has sealed since, the third node opens with its second key.
    load.flows().await;
    owner.at_node(&c).get("/users/me").await.is(200);
    c = load.restart(c, &installation).await;
    load.flows().await;
    let said = installation.output_of(&["master-key", "reseal"]);
    assert!(said.ends_with("0 values under other keys\n"), "{said}");
    // Step 4.
    installation = with_keys(installation, OTHER_KEY, None);
    a = load.restart(a, &installation).await;
    b = load.restart(b, &installation).await;
    c = load.restart(c, &installation).await;
    load.flows().await;

    let failed: Vec<_> =
        load.finish().await.into_iter().filter(|(node, at, _)| *node != frozen || *at > resumed).collect();
    assert!(failed.is_empty(), "{failed:?}");
    for person in people.iter().chain([&owner]) {
        for node in [&a, &b, &c] {
            person.at_node(node).get("/users/me").await.is(200);
        }
    }
    // The secret of the authenticator app opens with the new key alone.
    let login = json!({"email": owner.email, "password": PASSWORD});
    let token = mfa_token(&b.api().post("/auth/login", &login).await);
    complete(&b.api(), &token, ("totp", &app.code())).await.is(200);
    let status = installation.output_of(&["master-key", "status"]);
    assert!(status.ends_with("0 values under other keys\n") && status.contains("encrypts"), "{status}");
    assert!(!status.contains(&key(MASTER_KEY).key_id()), "{status}");
}

/// Adds mails that become due tomorrow, sealed with the key.
pub(super) async fn add_mails(installation: &Installation, key: &MasterKey, number: usize) {
    let store = storage::open(installation).await;
    let now = SystemClock.now();
    let mut tx = store.begin().await.unwrap_or_else(|error| panic!("no transaction: {error}"));
    for _ in 0..number {
        let id = MailId::generate(&system_ports());
        let sealed = key.seal(&format!("mail {id}"), &[7; 2_000], &SystemEntropy);
        let mail = SealedMail {
            id,
            recipient: "ada@example.com".parse().unwrap_or_else(|error| panic!("{error}")),
            sealed: sealed.unwrap_or_else(|error| panic!("not sealed: {error}")),
            created_at: now + time::Duration::DAY,
            expires_at: now + time::Duration::days(7),
        };
        tx.outbox().add(&mail).await.unwrap_or_else(|error| panic!("no mail: {error}"));
    }
    tx.commit().await.unwrap_or_else(|error| panic!("not committed: {error}"));
}

/// How many values the key has sealed, and how many another one.
pub(super) async fn sealed_by(store: &SqlStore, key: &MasterKey) -> (usize, usize) {
    let (mut own, mut others) = (0, 0);
    for column in SealedColumn::ALL {
        let mut page = store.list_sealed(column, None).await.unwrap_or_else(|error| panic!("{error}"));
        while let Some(last) = page.last() {
            let sealed = page.iter().filter(|value| key.has_sealed(value.sealed())).count();
            own += sealed;
            others += page.len() - sealed;
            page = store.list_sealed(column, Some(last)).await.unwrap_or_else(|error| panic!("{error}"));
        }
    }
    (own, others)
}

async fn a_reseal_that_is_killed_is_continued(backend: Backend) {
    const MAILS: usize = 300;
    let mut installation = Installation::new(backend).await;
    let node = installation.start();
    let person = Person::register(&node.api()).await;
    let (app, _) = TotpApp::enroll(&person).await;
    node.kill();
    add_mails(&installation, &key(MASTER_KEY), MAILS).await;
    installation = with_keys(installation, OTHER_KEY, Some(MASTER_KEY));
    let (store, new) = (storage::open(&installation).await, key(OTHER_KEY));
    assert_eq!(sealed_by(&store, &new).await.0, 0);
    for number in 1..=kills() {
        let mut command = installation.spawn_command(&["master-key", "reseal"]);
        let least = MAILS * number / (kills() + 1);
        eventually("some values are sealed again", PATIENCE, || async {
            (sealed_by(&store, &new).await.0 >= least).then_some(())
        })
        .await;
        drop(command.kill());
        drop(command.wait());
        let (own, others) = sealed_by(&store, &new).await;
        assert!(own + others >= MAILS, "no value is lost: {own} {others}");
        let status = installation.output_of(&["master-key", "status"]);
        assert!(status.contains("only decrypts"), "{status}");
    }
    // A node with both keys serves between the runs.
    let node = installation.start();
    person.at_node(&node).get("/users/me").await.is(200);
    let said = installation.output_of(&["master-key", "reseal"]);
    assert!(said.ends_with("0 values under other keys\n"), "{said}");
    assert_eq!(sealed_by(&store, &new).await.1, 0);
    node.kill();
    let installation = with_keys(installation, OTHER_KEY, None);
    let node = installation.start();
    person.at_node(&node).get("/users/me").await.is(200);
    let login = json!({"email": person.email, "password": PASSWORD});
    let token = mfa_token(&node.api().post("/auth/login", &login).await);
    complete(&node.api(), &token, ("totp", &app.code())).await.is(200);
    let again = installation.output_of(&["master-key", "reseal"]);
    assert_eq!(again, "0 values sealed again\n0 values under other keys\n");
}

async fn the_first_key_must_be_the_one_of_the_values(backend: Backend) {
    let installation = Installation::new(backend).await;
    installation.start().kill();
    let only_new = with_keys(installation, OTHER_KEY, None);
    let said = only_new.refuses_to_start().await;
    assert!(said.contains("the stored secrets were sealed with another master key"), "{said}");
    assert!(refused(&only_new, &["master-key", "reseal"]).contains("another master key"));
    let both = with_keys(only_new, OTHER_KEY, Some(MASTER_KEY));
    let error = refused(&both, &["master-key", "rotate"]);
    assert!(error.contains("see tessera master-key --help for the steps"), "{error}");
    both.start().api().get_root("/health/ready").await.is(200);
}
