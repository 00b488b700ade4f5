//! A service on fakes, and helpers that call it.

use std::{
    future::Future,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_http::Request;
use actix_web::{
    body::to_bytes,
    dev::ServiceResponse,
    http::{StatusCode, header::HeaderMap},
    test::{TestRequest, call_service, init_service},
    web::Bytes,
};
use serde_json::{Value, json};
use tessera_api::{Api, Branding, Check, Checks, CorsOrigins, PublicUrl, Readiness, Services, Starting};
use tessera_apikeys::{ApiKeyPorts, ApiKeys, KeyNotices};
use tessera_apps::{AppPorts, Apps};
use tessera_inventory::{Inventory, InventoryPorts};
use tessera_kernel::{IdempotencyPorts, SystemPorts, Unlimited};
use tessera_sso::{SingleSignOn, SsoPorts};
use tessera_testkit::{
    Stores, async_trait,
    builders::{catalogue, origin},
    expectations::{ok, parsed, some},
    fakes::{
        FakeDigest, FakeHasher, FakeMails, FakeResponseSeal, FakeSigner, FixedClock, IdentityWallets, MemoryStore,
        SequentialEntropy,
    },
};
use tokio::sync::OnceCell;

use crate::domains::{identity, notices, orgs, service_tokens};

/// An audience that the operator has configured.
pub(crate) const AUDIENCE: &str = "https://games.example.com";

pub(crate) const PASSWORD: &str = "correct horse battery";

/// The state that the service reports in its readiness checks.
#[derive(Clone, Copy)]
pub(crate) enum TestReadiness {
    Ready,
    Busy,
    Panicking,
}

#[async_trait]
impl Readiness for TestReadiness {
    async fn check(&self) -> Checks {
        let ready = Checks { database: Check::Ok, clock: Check::Ok, disk: Check::Ok };
        match self {
            Self::Ready => ready,
            Self::Busy => {
                Checks { database: Check::Failed("the database is busy".to_owned()), clock: Check::Unknown, ..ready }
            }
            Self::Panicking => panic!("as the test wants it"),
        }
    }
}

type App = Box<dyn Fn(Request) -> Pin<Box<dyn Future<Output = ServiceResponse>>>>;

pub(crate) struct TestServer {
    pub(crate) services: Services,
    /// Built by the first request after a change of the services, because that takes longer than most requests.
    app: OnceCell<App>,
    pub(crate) hasher: Arc<FakeHasher>,
    pub(crate) signer: Arc<FakeSigner>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) draining: Arc<AtomicBool>,
}

/// A server whose user `ada` owns an organization with an application.
pub(crate) struct TestApp {
    pub(crate) server: TestServer,
    pub(crate) token: String,
    pub(crate) organization: String,
    pub(crate) application: String,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::on(TestServer::new()).await
    }

    pub(crate) async fn on(server: TestServer) -> Self {
        let token = server.sign_up("ada").await;
        let organization = server.create_org(&token).await;
        let application = server.launch(&token, &organization).await;
        Self { server, token, organization, application }
    }
}

impl TestServer {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FixedClock::default());
        let stores = MemoryStore::with_clock(clock.clone()).stores();
        Self::with_clock(stores, clock, TestReadiness::Ready, "http://localhost:8080")
    }

    pub(crate) fn with(stores: Stores, readiness: TestReadiness, public_url: &str) -> Self {
        Self::with_clock(stores, Arc::default(), readiness, public_url)
    }

    /// The store and the service share one clock.
    pub(crate) fn with_clock(
        stores: Stores,
        clock: Arc<FixedClock>,
        readiness: TestReadiness,
        public_url: &str,
    ) -> Self {
        let hasher = Arc::new(FakeHasher::default());
        let signer = Arc::new(FakeSigner::default());
        let draining = Arc::new(AtomicBool::new(false));
        let entropy = Arc::new(SequentialEntropy::starting_at(1));
        let system = SystemPorts { clock: clock.clone(), entropy };
        let identity = Arc::new(identity(&stores, &hasher, &signer, &system));
        let service_tokens = Arc::new(service_tokens(&stores, &system));
        let services = Services {
            orgs: Arc::new(orgs(&stores, &identity, &system)),
            sso: Arc::new(SingleSignOn::new(SsoPorts {
                store: stores.sso,
                relying_parties: stores.relying_parties,
                digest: Arc::new(FakeDigest),
                wallets: Arc::new(IdentityWallets(identity.clone())),
                tokens: service_tokens.clone(),
                system: system.clone(),
            })),
            identity,
            service_tokens,
            apps: Arc::new(Apps::new(AppPorts {
                store: stores.apps,
                memberships: stores.memberships.clone(),
                system: system.clone(),
            })),
            api_keys: Arc::new(ApiKeys::new(
                ApiKeyPorts {
                    store: stores.api_keys,
                    digest: Arc::new(FakeDigest),
                    memberships: stores.memberships.clone(),
                    notices: Some(KeyNotices { templates: Arc::new(FakeMails), notices: notices(&system) }),
                    system: system.clone(),
                },
                catalogue(),
            )),
            inventory: Arc::new(Inventory::new(InventoryPorts {
                store: stores.items,
                memberships: stores.memberships,
                system: system.clone(),
            })),
            audit: stores.audit,
            idempotency: IdempotencyPorts { keys: stores.idempotency, seal: Arc::new(FakeResponseSeal) },
            limits: stores.limits,
            node_limits: Arc::new(Unlimited),
            readiness: Arc::new(readiness),
            public_url: PublicUrl::new(public_url),
            branding: Branding::default(),
            cors: CorsOrigins::None,
            trusted_proxies: Vec::new(),
            draining: draining.clone(),
            metrics: Some(Arc::default()),
            system,
        };
        Self { services, app: OnceCell::new(), hasher, signer, clock, draining }
    }

    /// Ensures that a signing key exists.
    pub(crate) async fn maintain_signing_keys(&self) {
        ok(self.services.service_tokens.maintain_signing_keys(&origin()).await);
    }

    pub(crate) async fn rotate_keys(&self) {
        ok(self.services.service_tokens.rotate_keys(&origin()).await);
    }

    pub(crate) fn services_mut(&mut self) -> &mut Services {
        self.app = OnceCell::new();
        &mut self.services
    }

    /// The same server with origins whose pages may call it.
    pub(crate) fn shared_with(mut self, cors: CorsOrigins) -> Self {
        self.services_mut().cors = cors;
        self
    }

    /// The same server behind these proxies.
    pub(crate) fn behind(mut self, proxies: &[&str]) -> Self {
        self.services_mut().trusted_proxies = proxies.iter().copied().map(parsed).collect();
        self
    }

    /// The same server with these choices of the operator for the pages.
    pub(crate) fn branded(mut self, branding: Branding) -> Self {
        self.services_mut().branding = branding;
        self
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        self.send_raw(request.to_request()).await
    }

    /// Sends the request to a service that is still starting.
    pub(crate) async fn send_early(&self, request: TestRequest) -> Answer {
        let Services { public_url, branding, cors, system, .. } = self.services.clone();
        let app = init_service(Starting { public_url, branding, cors, system }.app()).await;
        Answer::of(call_service(&app, request.to_request()).await).await
    }

    pub(crate) async fn send_raw(&self, request: Request) -> Answer {
        let app = self.app.get_or_init(|| app(self.services.clone())).await;
        Answer::of(app(request).await).await
    }

    /// Registers a user and returns a token.
    pub(crate) async fn sign_up(&self, name: &str) -> String {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD, "display_name": name });
        self.send(post("/auth/register").set_json(body)).await.expecting(201);
        self.sign_in(name).await
    }

    /// Signs a user in and returns a token.
    pub(crate) async fn sign_in(&self, name: &str) -> String {
        let body = json!({ "email": format!("{name}@example.com"), "password": PASSWORD });
        let login = self.send(post("/auth/login").set_json(body)).await.expecting(200);
        text(&login["token"])
    }

    /// Creates an organization and returns its id.
    pub(crate) async fn create_org(&self, token: &str) -> String {
        let made = self.send(post("/orgs").set_json(json!({ "name": "Werke" })).bearer(token)).await.expecting(201);
        text(&made["id"])
    }

    /// Creates an application and returns its id.
    pub(crate) async fn launch(&self, token: &str, organization: &str) -> String {
        let request = post(&format!("/orgs/{organization}/apps")).set_json(json!({ "name": "Lager" }));
        text(&self.send(request.bearer(token)).await.expecting(201)["id"])
    }

    /// Generates an API key and returns the key itself.
    pub(crate) async fn key(&self, token: &str, application: &str) -> String {
        let request = post(&format!("/apps/{application}/apikeys")).set_json(json!({ "description": "for tests" }));
        text(&self.send(request.bearer(token)).await.expecting(201)["raw_key"])
    }
}

async fn app(services: Services) -> App {
    let app = Rc::new(init_service(Api::new(services).app()).await);
    Box::new(move |request| {
        let app = Rc::clone(&app);
        Box::pin(async move { call_service(&*app, request).await.map_into_boxed_body() })
    })
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    async fn of(response: ServiceResponse) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("the body broke off"));
        Self { status, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Checks the status and returns the body.
    #[track_caller]
    pub(crate) fn expecting(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// Checks status, code and form of a problem, and returns the body.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expecting(status);
        assert_eq!(problem["code"], code, "{problem}");
        let kind = text(&problem["type"]);
        assert!(kind.starts_with("http") && kind.ends_with(&format!("/problems/{code}")), "{kind}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        problem
    }
}

/// Pointer and code of every field error of a problem.
pub(crate) fn faults(problem: &Value) -> Vec<(String, String)> {
    let all = problem["errors"].as_array().into_iter().flatten();
    all.map(|fault| (text(&fault["pointer"]), text(&fault["code"]))).collect()
}

pub(crate) trait WithCredentials {
    fn bearer(self, credential: &str) -> Self;
    fn api_key(self, key: &str) -> Self;
}

impl WithCredentials for TestRequest {
    fn bearer(self, credential: &str) -> Self {
        self.insert_header(("Authorization", format!("Bearer {credential}")))
    }

    fn api_key(self, key: &str) -> Self {
        self.insert_header(("X-API-Key", key))
    }
}

pub(crate) fn text(value: &Value) -> String {
    some(value.as_str()).to_owned()
}

pub(crate) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(&format!("/api/v1{path}"))
}

pub(crate) fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(&format!("/api/v1{path}"))
}

pub(crate) fn put(path: &str) -> TestRequest {
    TestRequest::put().uri(&format!("/api/v1{path}"))
}

pub(crate) fn delete(path: &str) -> TestRequest {
    TestRequest::delete().uri(&format!("/api/v1{path}"))
}

/// The OpenAPI document as it is derived from the code.
pub(crate) fn document() -> Value {
    ok(serde_json::from_str(&ok(tessera_api::openapi().to_json())))
}
