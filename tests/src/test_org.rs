//! Test users, and a test organization: an organization with an application.

use std::{
    ops::Deref,
    sync::atomic::{AtomicUsize, Ordering},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Answer, Api, send, text_of},
    database::Backend,
    mail::last_of,
    process::{Installation, Node},
};

/// A password that is strong enough for every test user.
pub const PASSWORD: &str = "violet-harbour-93-lantern";

/// A valid id that does not exist.
pub const UNKNOWN_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// A text that is unique in this process.
#[must_use]
pub fn unique(stem: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    format!("{stem}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A running service.
pub struct Service {
    /// Dropped first, while its database and its log still exist.
    pub node: Node,
    pub installation: Installation,
}

impl Service {
    /// Starts a service on an empty database.
    pub async fn start(backend: Backend) -> Self {
        Self::on(Installation::new(backend).await)
    }

    /// Starts a service on an empty database, and registers a user.
    pub async fn with_person(backend: Backend) -> (Self, Person) {
        let service = Self::start(backend).await;
        let person = Person::register(&service.api()).await;
        (service, person)
    }

    /// Starts a service with the settings of the installation.
    #[must_use]
    pub fn on(installation: Installation) -> Self {
        let node = installation.start();
        Self { node, installation }
    }

    /// A caller without a credential.
    #[must_use]
    pub fn api(&self) -> Api {
        self.node.api()
    }

    /// The link in the mail number `number` to the address, but at the node: the links of the tests have another host.
    pub async fn link_at_node(&self, email: &str, number: usize) -> String {
        let link = last_of(&self.installation, email, number).await.link();
        link.replace("http://localhost:8080", self.node.url())
    }
}

/// A registered and signed-in user.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub token: String,
    api: Api,
}

impl Person {
    /// Registers a new user and signs them in.
    pub async fn register(api: &Api) -> Self {
        let email = format!("{}@example.com", unique("person"));
        Self::join_as(api, &email).await
    }

    /// Registers a new user with the given address and signs them in.
    pub async fn join_as(api: &Api, email: &str) -> Self {
        let account = json!({"email": email, "password": PASSWORD});
        let user = api.anonymous().post("/auth/register", &account).await.expecting(201);
        let token = sign_in(api, email).await;
        Self { id: text_of(&user, "id"), email: email.to_owned(), api: api.bearer(&token), token }
    }

    /// The user who has signed in with this response.
    #[must_use]
    pub fn of_login(api: &Api, login: &Value) -> Self {
        let (user, token) = (&login["user"], text_of(login, "token"));
        Self { id: text_of(user, "id"), email: text_of(user, "email"), api: api.bearer(&token), token }
    }

    /// Registers a new user, who verifies the address by accepting an invitation to another organization of the owner.
    pub async fn with_verified_address(acme: &TestOrg) -> Self {
        let person = Self::register(&acme.api()).await;
        let elsewhere = acme.owner.create_org().await;
        let body = json!({"email": person.email, "role": "member"});
        acme.owner.post(&format!("/orgs/{elsewhere}/invitations"), &body).await.is(201);
        let token = last_of(&acme.service.installation, &person.email, 1).await.token();
        person.post("/invitations/accept", &json!({"token": token})).await.is(200);
        person
    }

    /// The same user in a new session.
    pub async fn again(&self) -> Self {
        let token = sign_in(&self.api, &self.email).await;
        Self { api: self.api.bearer(&token), token, ..self.clone() }
    }

    /// The same user at another node.
    #[must_use]
    pub fn at_node(&self, node: &Node) -> Self {
        Self { api: self.api.at(node.url()), ..self.clone() }
    }

    /// Creates an organization and returns its id.
    pub async fn create_org(&self) -> String {
        let made = self.post("/orgs", &json!({"name": unique("Studio")})).await;
        text_of(&made.expecting(201), "id")
    }

    /// Creates an application and returns its id.
    pub async fn make_app(&self, org: &str) -> String {
        let made = self.post(&format!("/orgs/{org}/apps"), &json!({"name": unique("Game")})).await;
        text_of(&made.expecting(201), "id")
    }

    /// Creates an API key of an application with the given request body.
    pub async fn make_key(&self, app: &str, body: &Value) -> Key {
        let made = self.post(&format!("/apps/{app}/apikeys"), body).await.expecting(201);
        Key { id: text_of(&made["api_key_details"], "id"), raw: text_of(&made, "raw_key") }
    }

    /// Creates a personal key in the only organization of the user, with the given request body.
    pub async fn organization_key(&self, body: &Value) -> Key {
        organization_key_of(&self.call(Method::POST, "/v1/api-keys", Some(body)).await)
    }
}

/// The key in the response to its creation.
fn organization_key_of(made: &Answer) -> Key {
    let data = made.data();
    Key { id: text_of(&data, "id"), raw: text_of(&data, "key") }
}

/// The user calls the service with their access token.
impl Deref for Person {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

/// Signs in with the shared password.
pub async fn sign_in(api: &Api, email: &str) -> String {
    let answer = api.anonymous().post("/auth/login", &json!({"email": email, "password": PASSWORD})).await;
    text_of(&answer.expecting(200), "token")
}

/// An API key as its creator received it.
#[derive(Debug, Clone)]
pub struct Key {
    pub id: String,
    pub raw: String,
}

/// A service with an owner, their organization and one application.
pub struct TestOrg {
    pub service: Service,
    pub owner: Person,
    pub org: String,
    pub app: String,
}

impl TestOrg {
    /// Starts a service and creates the owner, the organization and the application.
    pub async fn open(backend: Backend) -> Self {
        Self::open_on(Installation::new(backend).await).await
    }

    /// Starts the service with the settings of the installation.
    pub async fn open_on(installation: Installation) -> Self {
        let service = Service::on(installation);
        let owner = Person::register(&service.api()).await;
        let org = owner.create_org().await;
        let app = owner.make_app(&org).await;
        Self { service, owner, org, app }
    }

    /// A caller without a credential.
    #[must_use]
    pub fn api(&self) -> Api {
        self.service.api()
    }

    /// Adds a new member who has opened the organization, so that the other members see their profile.
    pub async fn add_member(&self, role: &str) -> Person {
        let person = Person::register(&self.api()).await;
        self.add(&person, role).await;
        person.get(&format!("/orgs/{}", self.org)).await.is(200);
        person
    }

    /// Adds a user to the organization by id.
    pub async fn add(&self, person: &Person, role: &str) {
        let body = json!({"user_id": person.id, "role": role});
        self.owner.post(&format!("/orgs/{}/members", self.org), &body).await.is(201);
    }

    /// Verifies a user's address: the user gets their first mail and accepts its invitation with their access token.
    pub async fn prove(&self, person: &Person) {
        let org = self.owner.create_org().await;
        let body = json!({"email": person.email, "role": "member"});
        self.owner.post(&format!("/orgs/{org}/invitations"), &body).await.is(201);
        let token = last_of(&self.service.installation, &person.email, 1).await.token();
        person.post("/invitations/accept", &json!({"token": token})).await.is(200);
    }

    /// A key of the application with every permission.
    pub async fn key(&self) -> Key {
        self.owner.make_key(&self.app, &json!({"description": "server", "permissions": []})).await
    }

    /// Creates a service account with these permissions and returns its id.
    pub async fn service_account(&self, permissions: &[&str]) -> String {
        let body = json!({"name": unique("account"), "permissions": permissions});
        let made = self.in_organization(&self.owner, Method::POST, "/v1/service-accounts", Some(&body)).await;
        text_of(&made.data(), "id")
    }

    /// Creates a key of a service account with the scope.
    pub async fn account_key(&self, account: &str, scope: &str) -> Key {
        let body = json!({"name": unique("key"), "scope": scope, "serviceAccountId": account});
        let made = self.in_organization(&self.owner, Method::POST, "/v1/api-keys", Some(&body)).await;
        organization_key_of(&made)
    }

    /// Sends a request of the B3OS API that names the organization.
    pub async fn in_organization(&self, caller: &Api, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = caller.request(method, path).header("X-Org-ID", &self.org);
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Verifies an API key.
    pub async fn verify(&self, raw: &str) -> Value {
        self.api().post("/apikeys/verify", &json!({"key": raw})).await.expecting(200)
    }

    /// The path of the application's inventory.
    #[must_use]
    pub fn inventory(&self) -> String {
        format!("/apps/{}/inventory", self.app)
    }

    /// The path of a member, or of all members.
    #[must_use]
    pub fn members(&self, user: Option<&str>) -> String {
        user.map_or_else(|| format!("/orgs/{}/members", self.org), |user| format!("/orgs/{}/members/{user}", self.org))
    }
}
