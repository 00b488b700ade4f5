//! Requests with an idempotency key on several nodes, and on nodes that are killed.
//!
//! `TEST_IDEMPOTENCY_KILLS` is the number of processes that are killed at a random moment.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tessera_adapters::SqlStore;
use tessera_tests::{
    api::{Answer, Api, at_once, send, try_send},
    database::Backend,
    on_both, on_sqlite,
    process::Node,
    test_org::{Service, TestOrg, unique},
};

use crate::storage;

on_both! {
    fifty_requests_with_one_key_on_three_nodes_have_one_effect
    a_removed_member_gets_the_response_but_can_do_nothing_new
    the_keys_of_an_organization_share_their_idempotency_keys_s160
    a_request_is_executed_once_whenever_its_process_dies
}

on_sqlite! {
    the_database_contains_neither_the_key_nor_the_secret_of_a_response
}

fn with_key(request: RequestBuilder, key: &str) -> RequestBuilder {
    request.header("Idempotency-Key", key)
}

fn post(api: &Api, path: &str, key: &str, body: &Value) -> RequestBuilder {
    with_key(api.request(Method::POST, &format!("/api/v1{path}")), key).json(body)
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

async fn fifty_requests_with_one_key_on_three_nodes_have_one_effect(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let others = [acme.service.installation.start_another(), acme.service.installation.start_another()];
    let owners = [acme.owner.clone(), acme.owner.at_node(&others[0]), acme.owner.at_node(&others[1])];
    let path = format!("/apps/{}/apikeys", acme.app);
    for round in 0..3 {
        let (key, body) = (unique("key"), json!({"description": unique("description")}));
        let before = keys(&acme).await;
        let answers = at_once((0..50).map(|number| post(&owners[number % 3], &path, &key, &body))).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(made.iter().filter(|answer| !is_replay(answer)).count(), 1, "round {round}");
        assert!(made.iter().all(|answer| answer.body == made[0].body), "round {round}");
        for answer in refused {
            answer.problem(409, "idempotency_in_progress");
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
        let again = send(post(&owners[round], &path, &key, &body)).await;
        assert_eq!((again.status, is_replay(&again), &again.body), (201, true, &made[0].body));
        assert_eq!(keys(&acme).await, before + 1, "round {round}");
    }
}

/// The number of keys of the application.
async fn keys(acme: &TestOrg) -> usize {
    let keys = acme.owner.get(&format!("/apps/{}/apikeys?limit=200", acme.app)).await.expecting(200);
    keys.as_array().map_or(0, Vec::len)
}

async fn a_removed_member_gets_the_response_but_can_do_nothing_new(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let (path, body) = (format!("/orgs/{}/apps", acme.org), json!({"name": "Game"}));
    let first = send(post(&admin, &path, "one", &body)).await;
    first.is(201);
    acme.owner.delete(&acme.members(Some(&admin.id))).await.is(204);
    let again = send(post(&admin, &path, "one", &body)).await;
    assert_eq!((again.status, is_replay(&again), &again.body), (201, true, &first.body));
    send(post(&admin, &path, "two", &body)).await.problem(404, "organization_not_found");
    // An error is not stored, so it is a new request again.
    send(post(&admin, &path, "two", &body)).await.problem(404, "organization_not_found");
    admin.post("/auth/logout", &json!({})).await.is(204);
    send(post(&admin, &path, "one", &body)).await.problem(401, "invalid_token");
}

async fn the_keys_of_an_organization_share_their_idempotency_keys_s160(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let account = acme.service_account(&["apps:read", "apps:write", "inventory:write"]).await;
    let mut clients = Vec::new();
    for scope in ["read-write", "read-write", "read"] {
        clients.push(acme.api().key(&acme.account_key(&account, scope).await.raw));
    }
    let (path, body) = (format!("/orgs/{}/apps", acme.org), json!({"name": "Game"}));
    let first = send(post(&clients[0], &path, "one", &body)).await;
    first.is(201);
    let again = send(post(&clients[1], &path, "one", &body)).await;
    assert_eq!((is_replay(&again), &again.body), (true, &first.body));
    send(post(&clients[2], &path, "one", &body)).await.problem(403, "read_only_key");
    // The owner of the organization is another caller.
    let own = send(post(&acme.owner, &path, "one", &body)).await;
    assert_eq!((own.status, is_replay(&own)), (201, false));
    assert_ne!(own.body, first.body);
}

async fn the_database_contains_neither_the_key_nor_the_secret_of_a_response(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = "a key of the client".replace(' ', "-");
    let path = format!("/apps/{}/apikeys", acme.app);
    let made = send(post(&acme.owner, &path, &key, &json!({}))).await.expecting(201);
    let secret = made["raw_key"].as_str().unwrap_or_else(|| panic!("no key: {made}")).to_owned();
    assert_eq!(send(post(&acme.owner, &path, &key, &json!({}))).await.json()["raw_key"], made["raw_key"]);
    let TestOrg { service: Service { node, installation }, .. } = acme;
    node.kill();
    let directory = installation.database().directory().unwrap_or_else(|| panic!("no directory"));
    let mut searched = 0;
    for file in std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{error}")) {
        let path = file.unwrap_or_else(|error| panic!("{error}")).path();
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        searched += bytes.len();
        for text in [&key, &secret] {
            let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!found, "{} contains {text}", path.display());
        }
    }
    assert!(searched > 100_000, "only {searched} bytes");
}

/// A random number below a limit, the same for each run of a test (`SplitMix64`).
fn random(seed: u64, below: u64) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % below.max(1)
}

/// How many processes are killed: 6, or `TEST_IDEMPOTENCY_KILLS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "the number of runs is chosen outside of the test")]
fn kills() -> u64 {
    let number = std::env::var("TEST_IDEMPOTENCY_KILLS");
    number.map_or(6, |number| number.parse().unwrap_or_else(|error| panic!("{number}: {error}")))
}

/// A change whose executions are counted by the version of what it changes.
struct Change {
    path: String,
    method: Method,
    body: Value,
}

impl Change {
    /// Even numbers write a document in a transaction, odd ones an item in one or two statements.
    fn number(acme: &TestOrg, number: u64) -> Self {
        if number.is_multiple_of(2) {
            let (path, body) = ("/api/v1/users/me/custom-data".to_owned(), json!({"data": {"number": number}}));
            return Self { path, method: Method::PUT, body };
        }
        let body = json!({"sku": format!("sku-{number}")});
        Self { path: format!("/api/v1{}", acme.inventory()), method: Method::POST, body }
    }

    fn request(&self, api: &Api) -> RequestBuilder {
        api.request(self.method.clone(), &self.path).json(&self.body)
    }

    /// Executes it without a key, and returns the new version.
    async fn version(&self, api: &Api) -> i64 {
        let answer = send(self.request(api)).await;
        assert!((200..300).contains(&answer.status), "{}", answer.text());
        answer.json()["version"].as_i64().unwrap_or_default()
    }
}

/// Repeats a request whose process died until it is decided.
async fn retry(store: &SqlStore, request: impl Fn() -> RequestBuilder) -> Answer {
    for _ in 0..100 {
        store.end_leases().await.unwrap_or_else(|error| panic!("{error}"));
        let answer = send(request()).await;
        if answer.status != 409 || answer.json()["code"] != "idempotency_in_progress" {
            return answer;
        }
    }
    panic!("the request stays in progress")
}

async fn a_request_is_executed_once_whenever_its_process_dies(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (store, mut node) =
        (storage::open(&acme.service.installation).await, acme.service.installation.start_another());
    let mut outcomes = BTreeMap::new();
    let mut durations = Vec::new();
    for number in 0..9 {
        let begun = Instant::now();
        send(with_key(Change::number(&acme, 1_000_000 + number).request(&acme.owner.at_node(&node)), &unique("k")))
            .await;
        durations.push(begun.elapsed());
    }
    durations.sort_unstable();
    // The longest one is that of a first request, and most kills within it would come after the response.
    let window = durations[durations.len() / 2] * 2;
    for number in 0..kills() {
        let change = Change::number(&acme, number);
        let (key, before) = (unique("key"), change.version(&acme.owner.at_node(&node)).await);
        let first = tokio::spawn(try_send(with_key(change.request(&acme.owner.at_node(&node)), &key)));
        let within = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
        tokio::time::sleep(Duration::from_micros(random(number, within))).await;
        node.kill();
        let first = first.await.unwrap_or_else(|error| panic!("{error}"));
        node = acme.service.installation.start_another();
        let owner = acme.owner.at_node(&node);
        let again = retry(&store, || with_key(change.request(&owner), &key)).await;
        let outcome = match (&first, again.status, is_replay(&again)) {
            (Ok(first), status, true) => {
                assert_eq!((first.status, &first.body), (status, &again.body), "{number}");
                "answered"
            }
            (Err(_), 200 | 201, true) => "stored",
            (Err(_), 200 | 201, false) => "not executed before",
            (Err(_), 409, _) => {
                again.problem(409, "idempotency_response_lost");
                "lost"
            }
            (_, status, _) => panic!("{number}: {first:?}, then {status}: {}", again.text()),
        };
        *outcomes.entry(outcome).or_insert(0) += 1;
        assert_eq!(change.version(&owner).await, before + 2, "{number}: {outcome}");
    }
    eprintln!("{backend:?}: {outcomes:?}, killed within {window:?}");
    // Each kill of a short run may meet the same step.
    if kills() >= 200 {
        for outcome in ["not executed before", "stored", "answered"] {
            assert!(outcomes.contains_key(outcome), "no kill led to: {outcome}");
        }
    }
}

/// The step after all statements: the response is stored, and not sent.
const BEFORE_SENDING: &str = "response stored";

/// Statements that stop a process at a step of a request: an event on the table of keys takes half a minute, or until the
/// test releases it.
fn stop_at(step: &str) -> String {
    let until_released =
        "FOR attempt IN 1..3000 LOOP EXIT WHEN EXISTS (SELECT FROM released); PERFORM pg_sleep(0.01); END LOOP";
    let (event, wait) = match step {
        BEFORE_SENDING => ("UPDATE OF response", until_released),
        event => (event, "PERFORM pg_sleep(30)"),
    };
    format!(
        "CREATE TABLE released (); \
         CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {wait}; RETURN NEW; END $$; \
         CREATE TRIGGER wait BEFORE {event} ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION wait()"
    )
}

/// Waits until a process is at the step.
const REACHED: &str = "DO $$ BEGIN FOR attempt IN 1..1000 LOOP \
    PERFORM pg_stat_clear_snapshot(); \
    PERFORM 1 FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'; \
    IF FOUND THEN RETURN; END IF; \
    PERFORM pg_sleep(0.005); \
    END LOOP; RAISE 'not reached'; END $$";

/// Ends the sessions of killed processes, whose server notices late that their clients are gone.
const END: &str = "DROP TRIGGER wait ON idempotency_keys; DROP FUNCTION wait(); DROP TABLE released";
const TERMINATE: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'";

/// Waits until another response than those before is stored.
fn stored(before: usize) -> String {
    format!(
        "DO $$ BEGIN FOR attempt IN 1..1000 LOOP \
         IF (SELECT count(*) FROM idempotency_keys WHERE response IS NOT NULL) > {before} THEN RETURN; END IF; \
         PERFORM pg_sleep(0.005); \
         END LOOP; RAISE 'not stored'; END $$"
    )
}

async fn killed_at(acme: &TestOrg, node: Node, change: &Change, key: &str, step: &str, answered: usize) {
    let database = acme.service.installation.database();
    database.execute(&stop_at(step)).await;
    let first = tokio::spawn(try_send(with_key(change.request(&acme.owner.at_node(&node)), key)));
    database.execute(REACHED).await;
    if step == BEFORE_SENDING {
        // The process stands still while the server completes its statement, so it never learns of that.
        node.pause();
        database.execute("INSERT INTO released DEFAULT VALUES").await;
        database.execute(&stored(answered)).await;
    }
    node.kill();
    assert!(first.await.unwrap_or_else(|error| panic!("{error}")).is_err(), "{step}");
    database.execute(TERMINATE).await;
    database.execute(END).await;
}

/// The steps are reached with triggers, which only PostgreSQL can let wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_dies_at_a_step_is_executed_once() {
    let acme = TestOrg::open(Backend::Postgres).await;
    let store = storage::open(&acme.service.installation).await;
    let mut answered = 0;
    for (number, step) in (0..).zip(["INSERT", "UPDATE OF marked", "UPDATE OF response", BEFORE_SENDING].repeat(2)) {
        // Both kinds of changes, at each step.
        let change = Change::number(&acme, number / 4 + 2);
        let (key, before) = (unique("key"), change.version(&acme.owner).await);
        killed_at(&acme, acme.service.installation.start(), &change, &key, step, answered).await;
        let request = || with_key(change.request(&acme.owner), &key);
        let early = send(request()).await;
        match step {
            // Nothing was claimed.
            "INSERT" => assert_eq!((early.status / 100, is_replay(&early)), (2, false)),
            BEFORE_SENDING => assert_eq!((early.status / 100, is_replay(&early)), (2, true)),
            // Another process could still be executing it.
            _ => drop(early.problem(409, "idempotency_in_progress")),
        }
        let again = retry(&store, request).await;
        match step {
            "INSERT" | BEFORE_SENDING => assert_eq!((&again.body, is_replay(&again)), (&early.body, true)),
            "UPDATE OF marked" => assert_eq!((again.status / 100, is_replay(&again)), (2, false)),
            _ => drop(again.problem(409, "idempotency_response_lost")),
        }
        answered += usize::from(step != "UPDATE OF response");
        assert_eq!(change.version(&acme.owner).await, before + 2, "{step}");
    }
}
