//! All actors of the authorization tests, created once per test.

use reqwest::Method;
use serde_json::json;
use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_apikeys::{
    model::{ApiKey, KeyKind, KeyOwner, KeyRestrictions, KeyState, RawKey, StoredKey},
    ports::ApiKeyStore as _,
};
use tessera_kernel::{ApiKeyId, Clock as _, KeyScope, Permission, SecretDigest as _, UserId};
use tessera_system::{Sha256Digest, SystemClock, SystemEntropy, system_ports};
use tessera_tests::{
    api::Api,
    database::Backend,
    process::Installation,
    test_org::{Person, TestOrg},
};
use time::Duration;

/// A test organization with its members and with outsiders.
pub(crate) struct Actors {
    pub(crate) acme: TestOrg,
    pub(crate) stranger: Person,
    people: Vec<(&'static str, Person)>,
    /// In the order of the table.
    pub(crate) clients: Vec<(&'static str, Api)>,
    /// A member as the target of other actors.
    pub(crate) target: Person,
    /// A user without an organization.
    pub(crate) newcomer: Person,
    pub(crate) sibling_app: String,
    pub(crate) foreign_app: String,
    /// The raw key of the actor `expired_key`.
    pub(crate) expired: String,
}

impl Actors {
    pub(crate) async fn assemble(backend: Backend) -> Self {
        // Each invitation endpoint gets a new invitation per actor, more than the rate limits allow.
        let acme = TestOrg::open_on(Installation::new(backend).await.set("TESSERA_THROTTLE", "off")).await;
        let api = acme.api();
        let stranger = Person::register(&api).await;
        let foreign_app = stranger.make_app(&stranger.create_org().await).await;
        let sibling_app = acme.owner.make_app(&acme.org).await;
        let people = vec![
            ("stranger", stranger.clone()),
            ("member", acme.add_member("member").await),
            ("admin", acme.add_member("admin").await),
            ("owner", acme.owner.clone()),
        ];
        let mut clients = vec![("anonymous", api.clone())];
        clients.extend(people.iter().map(|(name, person)| (*name, Api::clone(person))));
        let expired = expired_key(&acme).await;
        clients.extend(keys(&acme, &stranger, [&sibling_app, &foreign_app], &expired).await);
        clients.extend(organization_keys(&acme, &stranger).await);
        let ended = acme.owner.again().await;
        ended.post("/auth/logout", &json!({})).await.is(204);
        clients.push(("ended_session", Api::clone(&ended)));
        let (target, newcomer) = (acme.add_member("member").await, Person::register(&api).await);
        Self { acme, stranger, people, clients, target, newcomer, sibling_app, foreign_app, expired }
    }

    /// The actor with the name.
    pub(crate) fn actor(&self, name: &str) -> &Api {
        let found = self.clients.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no actor is called {name}")).1
    }

    /// The user with the name.
    pub(crate) fn person(&self, name: &str) -> &Person {
        let found = self.people.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no user is called {name}")).1
    }

    /// The same actor in a new session, if the actor has sessions.
    pub(crate) async fn in_new_session(&self, name: &str) -> Api {
        match self.people.iter().find(|(known, _)| *known == name) {
            Some((_, person)) => (*person.again().await).clone(),
            None => self.actor(name).clone(),
        }
    }
}

/// API keys of every kind.
async fn keys(
    acme: &TestOrg,
    stranger: &Person,
    [sibling_app, foreign_app]: [&str; 2],
    expired: &str,
) -> Vec<(&'static str, Api)> {
    let all = json!({"permissions": []});
    let none = json!({"permissions": [], "restrict_permissions": true});
    let own = acme.owner.make_key(&acme.app, &all).await;
    let sibling = acme.owner.make_key(sibling_app, &all).await;
    let foreign = stranger.make_key(foreign_app, &all).await;
    let bare = acme.owner.make_key(&acme.app, &none).await;
    let revoked = acme.owner.make_key(&acme.app, &all).await;
    acme.owner.delete(&format!("/apikeys/{}", revoked.id)).await.is(204);
    let raw = [
        ("key", own.raw),
        ("sibling_key", sibling.raw),
        ("foreign_key", foreign.raw),
        ("bare_key", bare.raw),
        ("expired_key", expired.to_owned()),
        ("revoked_key", revoked.raw),
    ];
    raw.into_iter().map(|(name, raw)| (name, acme.api().key(&raw))).collect()
}

/// Every permission of service accounts.
pub(crate) const ACCOUNT_PERMISSIONS: [&str; 12] = [
    "api_keys:read",
    "api_keys:write",
    "apps:read",
    "apps:write",
    "event:record",
    "inventory:read",
    "inventory:write",
    "members:read",
    "members:write",
    "org:read",
    "system_data:read",
    "system_data:write",
];

/// Organization keys of every kind.
async fn organization_keys(acme: &TestOrg, stranger: &Person) -> Vec<(&'static str, Api)> {
    let admin = acme.add_member("admin").await;
    let leaver = acme.add_member("admin").await;
    let all = acme.service_account(&ACCOUNT_PERMISSIONS).await;
    let disabled = acme.service_account(&ACCOUNT_PERMISSIONS).await;
    let foreign = stranger.organization_key(&json!({"name": "foreign", "scope": "read-write"})).await;
    let keys = [
        ("personal_read", admin.organization_key(&json!({"name": "r", "scope": "read"})).await),
        ("personal_write", admin.organization_key(&json!({"name": "w", "scope": "read-write"})).await),
        ("account_key", acme.account_key(&all, "read-write").await),
        ("bare_account", acme.account_key(&acme.service_account(&[]).await, "read-write").await),
        ("foreign_osk", foreign),
        ("disabled_account", acme.account_key(&disabled, "read-write").await),
        ("lost_membership", leaver.organization_key(&json!({"name": "l", "scope": "read-write"})).await),
    ];
    let path = format!("/v1/service-accounts/{disabled}");
    acme.in_organization(&acme.owner, Method::DELETE, &path, None).await.is(200);
    acme.owner.delete(&acme.members(Some(&leaver.id))).await.is(204);
    keys.into_iter().map(|(name, key)| (name, acme.api().key(&key.raw))).collect()
}

/// Direct access to the storage of the service.
pub(crate) async fn open_store(acme: &TestOrg) -> SqlStore {
    let url = acme.service.installation.database().url();
    let url = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
    SqlStore::open(&DatabaseSettings::new(url)).await.unwrap_or_else(|error| panic!("no store: {error}"))
}

/// No endpoint creates a key with a lifetime below one day, so this expired key is written directly into storage.
async fn expired_key(acme: &TestOrg) -> String {
    let store = open_store(acme).await;
    let raw = RawKey::generate(KeyKind::Application, &SystemEntropy);
    let stored = StoredKey { key: expired(acme, &raw), hash: Sha256Digest.digest(raw.expose()) };
    let mut transaction = store.begin().await.unwrap_or_else(|error| panic!("no transaction: {error}"));
    transaction.keys().insert(&stored).await.unwrap_or_else(|error| panic!("not inserted: {error}"));
    transaction.commit().await.unwrap_or_else(|error| panic!("not committed: {error}"));
    raw.expose().to_owned()
}

fn expired(acme: &TestOrg, raw: &RawKey) -> ApiKey {
    let made = SystemClock.now() - Duration::days(2);
    let owner: UserId = acme.owner.id.parse().unwrap_or_else(|error| panic!("{}: {error}", acme.owner.id));
    ApiKey {
        id: ApiKeyId::generate(&system_ports()),
        owner: KeyOwner::Application(acme.app.parse().unwrap_or_else(|error| panic!("{}: {error}", acme.app))),
        organization_id: acme.org.parse().unwrap_or_else(|error| panic!("{}: {error}", acme.org)),
        created_by: owner.into(),
        name: None,
        scope: KeyScope::ReadWrite,
        description: None,
        key_prefix: raw.shown().to_owned(),
        permissions: ["inventory:read", "inventory:write", "system_data:read", "system_data:write"]
            .map(Permission::named)
            .into_iter()
            .collect(),
        state: KeyState::Active,
        restrictions: KeyRestrictions::default(),
        created_at: made,
        expires_at: Some(made + Duration::DAY),
        last_use: None,
        rotated_at: None,
        previous: None,
        rotated_from: None,
    }
}
