//! Requests with an `Idempotency-Key`.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::test::TestRequest;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tessera_inventory::{
    model::{Item, ItemChange},
    ports::ItemStore,
};
use tessera_kernel::{ApplicationId, Page, PageRequest, StoreError};
use tessera_testkit::{async_trait, fakes::MemoryStore};
use time::Duration;
use tokio::{sync::Notify, task::yield_now};

use crate::support::{Answer, TestApp, TestReadiness, TestServer, WithCredentials, delete, get, post, put};

trait WithKey {
    fn idempotent(self, key: &str) -> Self;
}

impl WithKey for TestRequest {
    fn idempotent(self, key: &str) -> Self {
        self.insert_header(("Idempotency-Key", key))
    }
}

impl TestApp {
    /// Creates an application with a key.
    async fn make_app(&self, name: &str, key: &str) -> Answer {
        let request = post(&format!("/orgs/{}/apps", self.organization)).set_json(json!({ "name": name }));
        self.server.send(request.bearer(&self.token).idempotent(key)).await
    }

    async fn apps(&self) -> usize {
        let request = get(&format!("/orgs/{}/apps", self.organization)).bearer(&self.token);
        self.server.send(request).await.expecting(200).as_array().map_or(0, Vec::len)
    }

    fn item(&self, sku: &str) -> TestRequest {
        let request = post(&format!("/apps/{}/inventory", self.application)).set_json(json!({ "sku": sku }));
        request.bearer(&self.token)
    }
}

#[track_caller]
fn is_replay_of(answer: &Answer, first: &Answer) {
    assert_eq!((answer.status, &answer.body), (first.status, &first.body));
    for name in ["content-type", "location", "etag"] {
        assert_eq!(answer.header(name), first.header(name), "{name}");
    }
    assert_eq!((first.header("idempotent-replayed"), answer.header("idempotent-replayed")), (None, Some("true")));
    assert_ne!(answer.header("x-request-id"), first.header("x-request-id"));
}

#[actix_web::test]
async fn a_repeated_request_gets_the_stored_response() {
    let ada = TestApp::new().await;
    let first = ada.make_app("Spiel", "one").await;
    let made = first.expecting(201);
    assert!(first.header("location").is_some());
    for key in ["one", "\"one\""] {
        is_replay_of(&ada.make_app("Spiel", key).await, &first);
    }
    assert_eq!(ada.apps().await, 2);
    assert_ne!(ada.make_app("Spiel", "two").await.expecting(201)["id"], made["id"]);
    // Without the header, each request is executed.
    let plain = post(&format!("/orgs/{}/apps", ada.organization)).set_json(json!({ "name": "Spiel" }));
    let plain = ada.server.send(plain.bearer(&ada.token)).await;
    assert_eq!((plain.status.as_u16(), plain.header("idempotent-replayed")), (201, None));
}

#[actix_web::test]
async fn a_response_without_a_body_and_one_with_an_etag_are_repeated() {
    let ada = TestApp::new().await;
    let removal = || delete(&format!("/apps/{}", ada.application)).bearer(&ada.token).idempotent("gone");
    let settings = || {
        let body = json!({ "settings": { "a": 1.50 } });
        put(&format!("/orgs/{}/settings", ada.organization)).set_json(body).bearer(&ada.token).idempotent("set")
    };
    let first = ada.server.send(settings()).await;
    assert!(first.header("etag").is_some());
    is_replay_of(&ada.server.send(settings()).await, &first);
    let first = ada.server.send(removal()).await;
    assert_eq!(first.status, 204);
    is_replay_of(&ada.server.send(removal()).await, &first);
}

#[actix_web::test]
async fn an_invalid_key_is_rejected_s160() {
    let ada = TestApp::new().await;
    let longest = "x".repeat(255);
    ada.make_app("Spiel", &longest).await.expecting(201);
    let (long, quoted) = ("x".repeat(256), format!("\"{}\"", "x".repeat(256)));
    for key in ["", "\"", "\"\"", "\"half", "half\"", "two words", &long, &quoted] {
        ada.make_app("Spiel", key).await.problem(400, "invalid_idempotency_key");
    }
    let twice = ada.item("sword").idempotent("a").append_header(("Idempotency-Key", "a"));
    ada.server.send(twice).await.problem(400, "invalid_idempotency_key");
    let bytes = ada.item("sword").insert_header(("Idempotency-Key", "é".as_bytes()));
    ada.server.send(bytes).await.problem(400, "invalid_idempotency_key");
    assert_eq!(ada.apps().await, 2);
    // A credential is checked first.
    let anonymous = post("/orgs").set_json(json!({ "name": "x" })).idempotent("");
    ada.server.send(anonymous).await.problem(401, "authentication_required");
}

#[actix_web::test]
async fn another_request_with_the_same_key_is_rejected() {
    let ada = TestApp::new().await;
    let path = format!("/orgs/{}/settings", ada.organization);
    let body = json!({ "settings": {} });
    let request = |path: &str| put(path).set_json(&body).bearer(&ada.token).idempotent("one");
    ada.server.send(request(&path)).await.expecting(200);
    let others = [
        request(&path).set_json(json!({ "settings": { "a": 1 } })),
        request(&path).set_payload("{\"settings\": {}}").insert_header(("content-type", "application/json")),
        request(&format!("{path}?a=b")),
        request("/users/me"),
        request(&path).method(actix_web::http::Method::DELETE).uri(&format!("/api/v1/apps/{}", ada.application)),
        request(&path).insert_header(("If-Match", "\"1\"")),
        request(&path).insert_header(("If-None-Match", "\"9\"")),
        request(&path).insert_header(("If-Match", "")),
        request(&path).insert_header(("X-Org-ID", ada.organization.as_str())),
    ];
    for (number, other) in others.into_iter().enumerate() {
        let answer = ada.server.send(other).await;
        assert_eq!(answer.status, 422, "{number}");
        answer.problem(422, "idempotency_key_reused");
    }
    // Other headers do not matter.
    let same = request(&path).insert_header(("User-Agent", "another")).insert_header(("X-Request-Id", "another-id"));
    assert_eq!(ada.server.send(same).await.header("idempotent-replayed"), Some("true"));
}

#[actix_web::test]
async fn after_an_error_the_key_can_be_used_again() {
    let ada = TestApp::new().await;
    ada.make_app("", "one").await.problem(400, "invalid_body");
    ada.make_app("Spiel", "one").await.expecting(201);
    // Attempts that are noted in a transaction of their own are errors too.
    let change = |current: &str| {
        let body = json!({ "current_password": current, "new_password": "another horse battery" });
        put("/users/me/password").set_json(body).bearer(&ada.token).idempotent("two")
    };
    for _ in 0..2 {
        let wrong = ada.server.send(change("wrong horse battery")).await.problem(400, "invalid_body");
        assert_eq!(wrong["errors"][0]["code"], "wrong_password");
    }
    let first = ada.server.send(change(crate::support::PASSWORD)).await;
    assert_eq!(first.status, 204);
    is_replay_of(&ada.server.send(change(crate::support::PASSWORD)).await, &first);
    let removal = || {
        let request = delete(&format!("/orgs/{}/members/{}", ada.organization, UNKNOWN)).bearer(&ada.token);
        request.idempotent("three")
    };
    for _ in 0..2 {
        ada.server.send(removal()).await.problem(404, "member_not_found");
    }
}

const UNKNOWN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[actix_web::test]
async fn the_keys_of_callers_are_separate_s160() {
    let ada = TestApp::new().await;
    let bob = ada.server.sign_up("bob").await;
    let create = |token: &str| post("/orgs").set_json(json!({ "name": "Same" })).bearer(token).idempotent("one");
    let first = ada.server.send(create(&ada.token)).await;
    let other = ada.server.send(create(&bob)).await;
    assert_ne!(first.expecting(201)["id"], other.expecting(201)["id"]);
    // The key belongs to the user, not to the session.
    let again = ada.server.sign_in("ada").await;
    is_replay_of(&ada.server.send(create(&again)).await, &first);
    // It belongs to the application, not to its API key.
    let keys = [ada.server.key(&ada.token, &ada.application).await, ada.server.key(&ada.token, &ada.application).await];
    let put_item = |key: &str| {
        let request = post(&format!("/apps/{}/inventory", ada.application)).set_json(json!({ "sku": "sword" }));
        request.api_key(key).idempotent("one")
    };
    let first = ada.server.send(put_item(&keys[0])).await;
    is_replay_of(&ada.server.send(put_item(&keys[1])).await, &first);
    assert_eq!(ada.server.send(ada.item("sword").idempotent("one")).await.status, 422, "the key of a user");
    // Another application may use the same key.
    let other = ada.server.launch(&ada.token, &ada.organization).await;
    let key = ada.server.key(&ada.token, &other).await;
    let request = post(&format!("/apps/{other}/inventory")).set_json(json!({ "sku": "sword" }));
    assert_eq!(ada.server.send(request.api_key(&key).idempotent("one")).await.status, 201);
}

#[actix_web::test]
async fn the_keys_of_organizations_are_separate_s160() {
    let ada = TestApp::new().await;
    let create =
        || TestRequest::post().uri("/v1/api-keys").set_json(json!({ "name": "server", "scope": "read-write" }));
    let mut made = Vec::new();
    for organization in [ada.organization.clone(), ada.server.create_org(&ada.token).await] {
        let request = create().bearer(&ada.token).insert_header(("X-Org-ID", organization));
        let key = ada.server.send(request).await.expecting(200)["data"]["key"].clone();
        // Nothing but the credential tells which organization sends the request.
        let request = || create().api_key(key.as_str().unwrap_or_default()).idempotent("one");
        let first = ada.server.send(request()).await;
        is_replay_of(&ada.server.send(request()).await, &first);
        made.push(first.expecting(200)["data"]["key"].clone());
    }
    assert_ne!(made[0], made[1]);
}

#[actix_web::test]
async fn a_replay_requires_a_valid_credential() {
    let ada = TestApp::new().await;
    let end = |token: &str| delete("/users/me/sessions").bearer(token).idempotent("all");
    let first = ada.server.send(end(&ada.token)).await;
    assert_eq!(first.status, 204);
    ada.server.send(end(&ada.token)).await.problem(401, "invalid_token");
    let again = ada.server.sign_in("ada").await;
    is_replay_of(&ada.server.send(end(&again)).await, &first);
    ada.server.send(get("/users/me").bearer(&again)).await.expecting(200);
}

#[actix_web::test]
async fn operations_that_open_sessions_ignore_the_key() {
    let ada = TestApp::new().await;
    let body = json!({ "email": "ada@example.com", "password": crate::support::PASSWORD });
    let login = || post("/auth/login").set_json(&body).idempotent("one");
    let tokens = [ada.server.send(login()).await, ada.server.send(login()).await];
    assert_ne!(tokens[0].expecting(200)["token"], tokens[1].expecting(200)["token"]);
    // Even an invalid one.
    ada.server.send(login().insert_header(("Idempotency-Key", ""))).await.expecting(200);
}

#[actix_web::test]
async fn a_key_is_forgotten_after_a_day() {
    let ada = TestApp::new().await;
    let first = ada.make_app("Spiel", "one").await;
    ada.server.clock.advance(Duration::DAY - Duration::SECOND);
    let ada = TestApp { token: ada.server.sign_in("ada").await, ..ada };
    is_replay_of(&ada.make_app("Spiel", "one").await, &first);
    ada.server.clock.advance(Duration::SECOND);
    assert_ne!(ada.make_app("Spiel", "one").await.expecting(201)["id"], first.json()["id"]);
}

/// When a storage of items waits for the test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    Never,
    BeforeTheChange,
    AfterTheChange,
}

/// A storage of items whose first change waits, or which fails after the change is committed.
struct Faulty {
    store: Arc<dyn ItemStore>,
    fails: AtomicBool,
    waits: Wait,
    is_first: AtomicBool,
    released: Notify,
}

#[async_trait]
impl ItemStore for Faulty {
    async fn upsert_item(&self, change: &ItemChange, maximum: Option<u64>) -> Result<Option<Item>, StoreError> {
        let waits = if self.is_first.swap(false, Ordering::Relaxed) { self.waits } else { Wait::Never };
        if waits == Wait::BeforeTheChange {
            self.released.notified().await;
        }
        let item = self.store.upsert_item(change, maximum).await?;
        if waits == Wait::AfterTheChange {
            self.released.notified().await;
        }
        if self.fails.load(Ordering::Relaxed) { Err(StoreError::Unavailable("lost".into())) } else { Ok(item) }
    }

    async fn list_items(&self, application: ApplicationId, page: PageRequest) -> Result<Page<Item>, StoreError> {
        self.store.list_items(application, page).await
    }
}

async fn with_faulty_items(fails: bool, waits: Wait) -> (TestApp, Arc<Faulty>) {
    let clock = Arc::default();
    let mut stores = MemoryStore::with_clock(Arc::clone(&clock)).stores();
    let items = Arc::new(Faulty {
        store: stores.items,
        fails: AtomicBool::new(fails),
        waits,
        is_first: AtomicBool::new(true),
        released: Notify::new(),
    });
    stores.items = Arc::clone(&items) as _;
    let server = TestServer::with_clock(stores, clock, TestReadiness::Ready, "http://localhost:8080");
    (TestApp::on(server).await, items)
}

async fn versions(ada: &TestApp) -> Vec<Value> {
    let request = get(&format!("/apps/{}/inventory", ada.application)).bearer(&ada.token);
    let items = ada.server.send(request).await.expecting(200);
    items.as_array().into_iter().flatten().map(|item| item["version"].clone()).collect()
}

#[actix_web::test]
async fn an_error_after_the_commit_is_a_lost_response() {
    let (ada, items) = with_faulty_items(true, Wait::Never).await;
    ada.server.send(ada.item("sword").idempotent("one")).await.problem(503, "unavailable");
    items.fails.store(false, Ordering::Relaxed);
    for _ in 0..2 {
        ada.server.send(ada.item("sword").idempotent("one")).await.problem(409, "idempotency_response_lost");
    }
    assert_eq!(versions(&ada).await, [json!(1)]);
    ada.server.send(ada.item("shield").idempotent("one")).await.problem(422, "idempotency_key_reused");
    ada.server.send(ada.item("sword").idempotent("two")).await.expecting(200);
}

#[actix_web::test]
async fn a_request_whose_client_is_gone_ends_and_its_response_is_stored() {
    let (ada, items) = with_faulty_items(false, Wait::AfterTheChange).await;
    {
        let mut first = pin!(ada.server.send(ada.item("sword").idempotent("one")));
        for _ in 0..10 {
            assert!(first.as_mut().now_or_never().is_none());
            yield_now().await;
        }
        let second = ada.server.send(ada.item("sword").idempotent("one")).await;
        second.problem(409, "idempotency_in_progress");
        assert_eq!(second.header("retry-after"), Some("1"));
        ada.server.send(ada.item("shield").idempotent("one")).await.problem(422, "idempotency_key_reused");
    }
    items.released.notify_one();
    let mut stored = None;
    for _ in 0..100 {
        yield_now().await;
        let answer = ada.server.send(ada.item("sword").idempotent("one")).await;
        if answer.status != 409 {
            stored = Some(answer);
            break;
        }
    }
    let stored = stored.unwrap_or_else(|| panic!("the response was not stored"));
    assert_eq!((stored.status.as_u16(), stored.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(versions(&ada).await, [json!(1)]);
}

#[actix_web::test]
async fn a_request_that_was_considered_dead_cannot_commit_late() {
    let (ada, items) = with_faulty_items(false, Wait::BeforeTheChange).await;
    let mut late = pin!(ada.server.send(ada.item("sword").idempotent("one")));
    for _ in 0..10 {
        assert!(late.as_mut().now_or_never().is_none());
        yield_now().await;
    }
    ada.server.clock.advance(Duration::seconds(59));
    ada.server.send(ada.item("sword").idempotent("one")).await.problem(409, "idempotency_in_progress");
    ada.server.clock.advance(Duration::SECOND);
    let first = ada.server.send(ada.item("sword").idempotent("one")).await;
    assert_eq!(first.expecting(201)["version"], 1);
    items.released.notify_one();
    late.await.problem(409, "idempotency_in_progress");
    assert_eq!(versions(&ada).await, [json!(1)]);
    is_replay_of(&ada.server.send(ada.item("sword").idempotent("one")).await, &first);
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_rejected_before_it_is_claimed() {
    let ada = TestApp::new().await;
    let request = |bytes: usize| {
        let body = format!("{{\"name\":\"{}\"}}", "x".repeat(bytes));
        let request = post("/orgs").set_payload(body).insert_header(("content-type", "application/json"));
        request.bearer(&ada.token).idempotent("one")
    };
    for kib in [65, 257] {
        ada.server.send(request(kib * 1024)).await.problem(413, "body_too_large");
    }
    ada.server.send(request(10)).await.expecting(201);
}
