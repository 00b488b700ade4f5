//! What clients notice of a move.

use std::time::Duration;

use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, text_of},
    eventually, jose,
    process::Node,
    test_org::{Key, PASSWORD, Person, Service, TestOrg},
    wallet::EvmWallet,
};

use super::{Backend, Lock, Running, failed, migrated_target};
use crate::sso::exchange::{exchanged, keys};

/// What clients have, and what they got from the service before the move.
struct Clients {
    acme: TestOrg,
    /// Only writes.
    writer: Person,
    key: Key,
    refresh: String,
    service_token: String,
    /// The paths of responses, and the responses.
    before: Vec<(String, Response)>,
}

/// Status, entity tag, links and body.
type Response = (u16, Option<String>, Option<String>, Vec<u8>);

async fn response(api: &Api, path: &str) -> Response {
    let answer = api.get_root(path).await;
    let header = |name: &str| answer.header(name).map(str::to_owned);
    (answer.status, header("etag"), header("link"), answer.body.clone())
}

impl Clients {
    async fn new() -> Self {
        let acme = TestOrg::open(Backend::Sqlite).await;
        let writer = acme.add_member("admin").await;
        let (owner, path, wallet) = (&acme.owner, acme.inventory(), EvmWallet::new());
        for number in 0..5 {
            let item = json!({"sku": format!("s{number}"), "quantity": number, "metadata": {"b": 1.0, "a": "ü"}});
            owner.post(&path, &item).await.is(201);
        }
        let data = json!({"data": {"z": [1, 2.50], "a": "\u{e9}"}});
        assert_eq!(owner.put("/users/me/custom-data", &data).await.status / 100, 2);
        let challenge = owner.post("/users/me/wallets/challenge", &wallet.named("ethereum")).await.expecting(200);
        owner.post("/users/me/wallets", &wallet.proof("ethereum", &challenge)).await.is(201);
        let login = json!({"email": owner.email, "password": PASSWORD, "refresh": true});
        let refresh = text_of(&owner.anonymous().post("/auth/login", &login).await.expecting(200), "refresh_token");
        let service_token = exchanged(owner, &acme.org, &acme.app).await;
        let (key, mut before) = (acme.key().await, Vec::new());
        let page = format!("/api/v1{path}?limit=2");
        let cursor = response(owner, &page)
            .await
            .2
            .and_then(|link| link.split("8080").nth(1).and_then(|rest| rest.split('>').next()).map(str::to_owned));
        let cursor = cursor.unwrap_or_else(|| panic!("{page} has no next page"));
        for path in [
            page,
            cursor,
            "/api/v1/users/me".to_owned(),
            "/api/v1/users/me/custom-data".to_owned(),
            "/api/v1/users/me/wallets".to_owned(),
            "/api/v1/orgs".to_owned(),
            format!("/api/v1/orgs/{}", acme.org),
            format!("/api/v1/orgs/{}/members", acme.org),
            format!("/api/v1/orgs/{}/apps", acme.org),
            format!("/api/v1/apps/{}", acme.app),
            "/.well-known/jwks.json".to_owned(),
        ] {
            let answer = response(owner, &path).await;
            assert_eq!(answer.0, 200, "{path}: {}", String::from_utf8_lossy(&answer.3));
            before.push((path, answer));
        }
        Self { acme, writer, key, refresh, service_token, before }
    }

    async fn key_is_valid(&self, api: &Api) {
        let verified = api.anonymous().post("/apikeys/verify", &json!({"key": self.key.raw})).await.expecting(200);
        assert_eq!(verified["code"], "valid", "{verified}");
    }

    /// Reads all again, with the access token from before.
    async fn reads_stay(&self, api: &Api) {
        let caller = api.bearer(&self.acme.owner.token);
        for (path, before) in &self.before {
            let now = response(&caller, path).await;
            assert!(now == *before, "{path}: {now:?} instead of {before:?}");
        }
        self.key_is_valid(api).await;
    }

    fn new_item(&self) -> (String, Value) {
        (self.acme.inventory(), json!({"sku": "new", "quantity": 1}))
    }
}

/// Uses the credentials from before at a node on the target.
async fn credentials_work(api: &Api, refresh: &str, service_token: &str, owner: &str) {
    let refreshed = api.post("/auth/refresh", &json!({"refresh_token": refresh})).await.expecting(200);
    api.bearer(&text_of(&refreshed, "token")).get("/users/me").await.is(200);
    let (_, claims) = jose::verify(&keys(api).await, service_token).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(claims["sub"], owner);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_notice_only_that_writes_are_rejected_meanwhile() {
    let clients = Clients::new().await;
    let installation = &clients.acme.service.installation;
    let (target, (path, item)) = (migrated_target(installation).await, clients.new_item());
    let lock = Lock::before_wallets(&target).await;
    let mut moving = Running::start(installation, &["migrate", "--to", target.url()]);
    let (owner, api) = (&clients.acme.owner, clients.acme.api());
    eventually("a rejected write", Duration::from_mins(1), || async {
        let answer = clients.writer.put("/users/me/custom-data", &json!({"data": {"a": 1}})).await;
        assert!([200, 201, 503].contains(&answer.status), "{}", answer.text());
        (answer.status == 503).then(|| answer.problem(503, "busy"))
    })
    .await;
    let rejected = owner.post(&path, &item).await;
    rejected.problem(503, "busy");
    assert!(rejected.header("retry-after").is_some());
    clients.key_is_valid(&api).await;
    owner.get("/users/me").await.is(200);
    lock.release().await;
    moving.succeeds();

    let rejected = owner.post(&path, &item).await;
    rejected.problem(503, "database_moved");
    assert!(rejected.header("retry-after").is_some());
    clients.key_is_valid(&api).await;
    owner.get("/users/me").await.is(200);
    let Clients { acme, writer, key, refresh, service_token, before } = clients;
    let Service { installation, mut node } = acme.service;
    node.terminate();
    assert!(node.wait(Duration::from_secs(30)).await.success(), "{}", node.log());
    let said = installation.refuses_to_start().await;
    assert!(said.lines().any(|line| line.contains("was moved to")) && said.contains(target.url()), "{said}");

    let installation = installation.set("TESSERA_DATABASE_URL", target.url());
    let node: Node = installation.start();
    let service = Service { installation, node };
    let clients = Clients { acme: TestOrg { service, ..acme }, writer, key, refresh, service_token, before };
    let api = clients.acme.api();
    clients.reads_stay(&api).await;
    credentials_work(&api, &clients.refresh, &clients.service_token, &clients.acme.owner.id).await;
    clients.acme.owner.at_node(&clients.acme.service.node).post(&path, &item).await.is(201);

    // The settings are those of the node, so the source is named.
    let source = clients.acme.service.installation.database().url().to_owned();
    let installation = clients.acme.service.installation.set("TESSERA_DATABASE_URL", &source);
    let said = failed(&installation, &["migrate", "--reopen"]);
    assert!(said.contains("a node has served the target"), "{said}");
    let said = failed(&installation, &["migrate", "--to", target.url(), "--check"]);
    assert!(said.contains("table ") && said.contains("key ") && said.contains("since"), "{said}");
    let said = installation.output_of(&["migrate", "--to", target.url()]);
    assert!(said.contains("was moved before") && said.contains("table "), "{said}");
}
