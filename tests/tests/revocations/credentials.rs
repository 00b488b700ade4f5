//! Credentials of every kind, written directly into storage: the creation of thousands with the API takes too long.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tessera_adapters::{JwtSecret, JwtSigner, MasterKey, SqlStore};
use tessera_apikeys::model::{KeyKind, KeyOwner, RawKey, StoredKey};
use tessera_identity::{
    model::{Session, User},
    ports::{AccessClaims, TokenSigner as _},
};
use tessera_kernel::{Clock as _, OrganizationId, Role, SecretDigest as _};
use tessera_system::{Sha256Digest, SystemClock, SystemEntropy};
use tessera_testkit::{
    Stores, builders,
    expectations::{ok, some},
};
use tessera_tests::{
    api::{Answer, Api, Credential as Caller, try_send},
    process::{MASTER_KEY, PUBLIC_URL},
};
use time::Duration;
use tokio::task::JoinSet;

use crate::history::Outcome;

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Key,
    Session,
    Membership,
    Role,
    Application,
    ServiceAccount,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Key, Self::Session, Self::Membership, Self::Role, Self::Application, Self::ServiceAccount];

    /// The status and the code of the response to a use of an ended credential.
    const fn rejection(self) -> (u16, &'static str) {
        match self {
            Self::Key => (200, "revoked"),
            Self::Session => (401, "invalid_token"),
            Self::Membership => (404, "organization_not_found"),
            Self::Role => (403, "forbidden"),
            Self::Application => (200, "not_found"),
            Self::ServiceAccount => (200, "disabled"),
        }
    }
}

/// A request that any node can process.
#[derive(Debug, Clone)]
struct Call {
    caller: Caller,
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Call {
    fn new(caller: &Caller, method: Method, path: String) -> Self {
        Self { caller: caller.clone(), method, path, body: None }
    }

    fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// The response, unless there is none or the service is unavailable.
    async fn send(&self, api: &Api) -> Option<Answer> {
        let request = api.with(self.caller.clone()).request(self.method.clone(), &self.path);
        let request = match &self.body {
            Some(body) => request.json(body),
            None => request,
        };
        try_send(request).await.ok().filter(|answer| answer.status != 503)
    }
}

/// A credential, how it is used, and how it ends.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    kind: Kind,
    using: Call,
    ending: Call,
}

impl Credential {
    /// Uses the credential at a node.
    pub(crate) async fn attempt(&self, api: &Api) -> Outcome {
        let Some(answer) = self.using.send(api).await else { return Outcome::Unavailable };
        let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
        if (answer.status, code.as_str()) == self.kind.rejection() {
            return Outcome::Rejected;
        }
        let is_accepted = answer.status == 200 && (code.is_empty() || code == "valid");
        assert!(is_accepted, "{self:?}: {} {}", answer.status, answer.text());
        Outcome::Accepted
    }

    /// Ends the credential. Returns whether that was acknowledged. A repetition may find that it has ended before.
    pub(crate) async fn end(&self, api: &Api, is_repeated: bool) -> bool {
        let Some(answer) = self.ending.send(api).await else { return false };
        let has_ended = matches!(answer.status, 200 | 204) || (is_repeated && matches!(answer.status, 401 | 404 | 409));
        assert!(has_ended, "{self:?}: {} {}", answer.status, answer.text());
        true
    }
}

/// Creates credentials in the storage of an installation.
#[derive(Clone)]
pub(crate) struct Issuer {
    stores: Stores,
    signer: Arc<JwtSigner>,
    organization: OrganizationId,
    owner: User,
    owner_token: Caller,
}

impl Issuer {
    /// The application of all keys that end alone.
    const APPLICATION: u32 = 1;

    /// Creates an organization with its owner and an application.
    pub(crate) async fn on(store: SqlStore) -> Self {
        let sealed = some(ok(store.find_secret("user-token-hs256").await));
        let master: MasterKey = ok(MASTER_KEY.parse());
        let secret = some(JwtSecret::from_bytes(&ok(master.open("user-token-hs256", &sealed))));
        let signer = Arc::new(ok(JwtSigner::new(&secret, PUBLIC_URL.to_owned())));
        let stores = Stores::of(&Arc::new(store));
        let (organization, owner) = (builders::organization(1), builders::bare_user(1));
        stores.add_organizations([&organization]).await;
        stores.add_users([&owner]).await;
        stores.add_memberships([&builders::membership(organization.id, owner.id, Role::Owner)]).await;
        stores.add_applications([&builders::application(Self::APPLICATION, organization.id)]).await;
        let session = session_now(1, &owner);
        stores.add_session(&session).await;
        let owner_token = bearer(&signer, &session);
        Self { stores, signer, organization: organization.id, owner, owner_token }
    }

    /// Creates credentials of every kind, several at the same time.
    pub(crate) async fn issue(&self, each: u32) -> Vec<Credential> {
        const AT_ONCE: u32 = 16;
        let workers: JoinSet<Vec<Credential>> = (0..AT_ONCE)
            .map(|worker| {
                let issuer = self.clone();
                async move {
                    let mut credentials = Vec::new();
                    for number in (worker..each).step_by(AT_ONCE as usize) {
                        for (offset, kind) in (0..).zip(Kind::ALL) {
                            credentials.push(issuer.issue_one(kind, 10 + number * 6 + offset).await);
                        }
                    }
                    credentials
                }
            })
            .collect();
        workers.join_all().await.concat()
    }

    /// A key that does not end, and its id.
    pub(crate) async fn key_to_keep(&self) -> (Credential, String) {
        let credential = self.issue_one(Kind::Key, 2).await;
        (credential, builders::api_key_id(2).to_string())
    }

    async fn issue_one(&self, kind: Kind, number: u32) -> Credential {
        let (using, ending) = match kind {
            Kind::Key => self.key(number).await,
            Kind::Session => self.session(number).await,
            Kind::Membership | Kind::Role => self.member(kind, number).await,
            Kind::Application => self.application(number).await,
            Kind::ServiceAccount => self.service_account(number).await,
        };
        Credential { kind, using, ending }
    }

    fn by_owner(&self, method: Method, path: String) -> Call {
        Call::new(&self.owner_token, method, path)
    }

    async fn key(&self, number: u32) -> (Call, Call) {
        let application = builders::application(Self::APPLICATION, self.organization);
        let key = builders::api_key(number, &application, self.owner.id);
        let path = format!("/api/v1/apikeys/{}", key.key.id);
        (self.add_key(KeyKind::Application, key).await, self.by_owner(Method::DELETE, path))
    }

    async fn application(&self, number: u32) -> (Call, Call) {
        let application = builders::application(number, self.organization);
        self.stores.add_applications([&application]).await;
        let key = builders::api_key(number, &application, self.owner.id);
        let path = format!("/api/v1/apps/{}", application.id);
        (self.add_key(KeyKind::Application, key).await, self.by_owner(Method::DELETE, path))
    }

    async fn service_account(&self, number: u32) -> (Call, Call) {
        let account = builders::service_account(number, self.organization, self.owner.id);
        self.stores.add_service_accounts([&account]).await;
        let owner = KeyOwner::ServiceAccount(account.id);
        let key = builders::organization_key(number, self.organization, owner, self.owner.id);
        let path = format!("/v1/service-accounts/{}", account.id);
        (self.add_key(KeyKind::Organization, key).await, self.by_owner(Method::DELETE, path))
    }

    /// Stores a key with a new secret, and returns its verification.
    async fn add_key(&self, kind: KeyKind, key: StoredKey) -> Call {
        let raw = RawKey::generate(kind, &SystemEntropy);
        let mut stored = StoredKey { hash: Sha256Digest.digest(raw.expose()), ..key };
        (stored.key.created_at, stored.key.expires_at) = (SystemClock.now(), None);
        self.stores.add_keys([&stored]).await;
        Call::new(&Caller::None, Method::POST, "/api/v1/apikeys/verify".to_owned()).with(json!({"key": raw.expose()}))
    }

    /// A user with a session, which ends by a logout or with all sessions of the user.
    async fn session(&self, number: u32) -> (Call, Call) {
        let (_, caller) = self.user(number).await;
        let (method, path) =
            if number % 12 < 6 { (Method::POST, "auth/logout") } else { (Method::DELETE, "users/me/sessions") };
        let using = Call::new(&caller, Method::GET, "/api/v1/users/me".to_owned());
        (using, Call::new(&caller, method, format!("/api/v1/{path}")))
    }

    /// An administrator, who loses the role or the membership.
    async fn member(&self, kind: Kind, number: u32) -> (Call, Call) {
        let (user, caller) = self.user(number).await;
        self.stores.add_memberships([&builders::membership(self.organization, user.id, Role::Admin)]).await;
        let organization = format!("/api/v1/orgs/{}", self.organization);
        let member = format!("{organization}/members/{}", user.id);
        let ending = match kind {
            Kind::Role => self.by_owner(Method::PUT, member).with(json!({"role": "member"})),
            _ => self.by_owner(Method::DELETE, member),
        };
        // Only administrators and owners list the invitations.
        (Call::new(&caller, Method::GET, format!("{organization}/invitations")), ending)
    }

    async fn user(&self, number: u32) -> (User, Caller) {
        let user = builders::bare_user(number);
        let session = session_now(number, &user);
        self.stores.add_users([&user]).await;
        self.stores.add_session(&session).await;
        (user, bearer(&self.signer, &session))
    }
}

fn session_now(number: u32, user: &User) -> Session {
    let now = SystemClock.now();
    let expires_at = now + Duration::HOUR;
    Session { created_at: now, last_used_at: now, expires_at, ..builders::session(number, user.id) }
}

fn bearer(signer: &JwtSigner, session: &Session) -> Caller {
    let claims = AccessClaims {
        user: session.user_id,
        session: session.id,
        token_id: session.id.as_uuid(),
        issued_at: session.created_at,
        expires_at: session.expires_at,
    };
    Caller::Bearer(ok(signer.sign(&claims)).expose().clone())
}
