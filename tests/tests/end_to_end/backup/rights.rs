//! Rights and one-time tokens from before a backup.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, text_of},
    mail::{last_of, last_that},
    process::Node,
    sso::{BrowserSession, redeem},
    test_org::{Key, PASSWORD, Person, TestOrg, unique},
    wallet::EvmWallet,
};

/// What is valid when the backup is made.
pub(super) struct Rights {
    org: String,
    app: String,
    other_app: String,
    pub(super) owner: Person,
    removed: Person,
    demoted: Person,
    changed: Person,
    /// Stays valid.
    kept: Key,
    revoked: Key,
    rotated: Key,
    disabled: Key,
    of_other_app: Key,
    personal: Key,
    account: String,
    of_account: Key,
    invitation: (String, String, String),
    wallet: EvmWallet,
}

/// What ends with a restore.
pub(super) struct Ending {
    access: Person,
    refresh: String,
    reset: String,
    proof: Value,
    code: String,
}

const WRITE: &str = "read-write";

impl Rights {
    pub(super) async fn open(acme: &TestOrg) -> Self {
        let owner = acme.owner.clone();
        let other_app = owner.make_app(&acme.org).await;
        let key = async |app: &str| owner.make_key(app, &json!({"permissions": ["inventory:read"]})).await;
        let account = acme.service_account(&["inventory:read"]).await;
        let guest = format!("{}@example.com", unique("guest"));
        let body = json!({"email": guest, "role": "member"});
        let sent = owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.expecting(201);
        let token = last_of(&acme.service.installation, &guest, 1).await.token();
        let (wallet, changed) = (EvmWallet::new(), Person::register(&acme.api()).await);
        link(&changed, &wallet).await;
        Self {
            org: acme.org.clone(),
            app: acme.app.clone(),
            removed: acme.add_member("admin").await,
            demoted: acme.add_member("admin").await,
            changed,
            kept: key(&acme.app).await,
            revoked: key(&acme.app).await,
            rotated: key(&acme.app).await,
            disabled: key(&acme.app).await,
            of_other_app: key(&other_app).await,
            personal: owner.organization_key(&json!({"name": unique("key"), "scope": WRITE})).await,
            of_account: acme.account_key(&account, WRITE).await,
            account,
            invitation: (text_of(&sent, "id"), guest, token),
            other_app,
            wallet,
            owner,
        }
    }

    /// Withdraws each right at a node.
    pub(super) async fn withdraw(&self, node: &Node) {
        let owner = self.owner.at_node(node).again().await;
        for key in [&self.revoked, &self.personal] {
            let path = if key.id == self.revoked.id { "/api/v1/apikeys/" } else { "/v1/api-keys/" };
            let revoked = owner.call(Method::DELETE, &format!("{path}{}", key.id), None).await;
            assert!([200, 204].contains(&revoked.status), "{}", revoked.text());
        }
        let rotated = owner.post(&format!("/apikeys/{}/rotate", self.rotated.id), &json!({"overlap_seconds": 0})).await;
        assert_eq!(rotated.status / 100, 2, "{}", rotated.text());
        let disable = Some(json!({"enabled": false}));
        let path = format!("/api/v1/apikeys/{}", self.disabled.id);
        owner.call(Method::PATCH, &path, disable.as_ref()).await.is(200);
        let members = format!("/orgs/{}/members", self.org);
        owner.delete(&format!("{members}/{}", self.removed.id)).await.is(204);
        owner.put(&format!("{members}/{}", self.demoted.id), &json!({"role": "member"})).await.is(200);
        owner.delete(&format!("/apps/{}", self.other_app)).await.is(204);
        let path = format!("/v1/service-accounts/{}", self.account);
        let disabled = owner.call(Method::DELETE, &path, None).await;
        assert_eq!(disabled.status / 100, 2, "{}", disabled.text());
        owner.delete(&format!("/orgs/{}/invitations/{}", self.org, self.invitation.0)).await.is(204);
        let changed = self.changed.at_node(node).again().await;
        let body = json!({"current_password": PASSWORD, "new_password": "another-harbour-41-lantern"});
        changed.put("/users/me/password", &body).await.is(204);
        let path = format!("/users/me/wallets/{}", self.wallet.address());
        changed.delete(&path).await.is(204);
    }

    /// Asserts which rights are valid at a node, in sessions that were opened after the restore.
    pub(super) async fn check(&self, node: &Node, are_withdrawn: bool) {
        let (api, owner) = (node.api(), self.owner.at_node(node).again().await);
        let status = |when_withdrawn: u16| if are_withdrawn { when_withdrawn } else { 200 };
        let valid = async |key: &Key| {
            let answer = api.post("/apikeys/verify", &json!({"key": key.raw})).await;
            answer.expecting(200)["code"] == "valid"
        };
        assert!(valid(&self.kept).await, "what was not withdrawn");
        for (what, key) in [
            ("revoked", &self.revoked),
            ("rotated", &self.rotated),
            ("disabled", &self.disabled),
            ("of a deleted application", &self.of_other_app),
        ] {
            assert_eq!(valid(key).await, !are_withdrawn, "{what}");
        }
        let org = format!("/orgs/{}", self.org);
        for (what, key) in [("personal", &self.personal), ("of a service account", &self.of_account)] {
            let answer = api.key(&key.raw).get(&format!("/apps/{}/inventory", self.app)).await;
            assert_eq!(answer.status, status(401), "{what}: {}", answer.text());
        }
        self.removed.at_node(node).again().await.get(&org).await.is(status(404));
        let keys = format!("/apps/{}/apikeys", self.app);
        self.demoted.at_node(node).again().await.get(&keys).await.is(status(403));
        owner.get(&format!("/apps/{}", self.other_app)).await.is(status(404));
        let (_, guest, token) = &self.invitation;
        let body = json!({"token": token, "password": PASSWORD, "email": guest});
        let accepted = api.post("/invitations/accept", &body).await;
        assert_eq!(accepted.status == 200, !are_withdrawn, "{}", accepted.text());
        let challenge = api.post("/auth/web3/challenge", &self.wallet.named("ethereum")).await.expecting(200);
        let entered = api.post("/auth/web3/verify", &self.wallet.proof("ethereum", &challenge)).await.expecting(200);
        assert_eq!(entered["user"]["id"] == json!(self.changed.id), !are_withdrawn, "{entered}");
        let login = json!({"email": self.changed.email, "password": PASSWORD});
        api.post("/auth/login", &login).await.is(status(401));
    }
}

impl Ending {
    pub(super) async fn open(acme: &TestOrg) -> Self {
        let (api, person, wallet) = (acme.api(), Person::register(&acme.api()).await, EvmWallet::new());
        let body = json!({"email": person.email, "password": PASSWORD, "refresh": true});
        let login = api.post("/auth/login", &body).await.expecting(200);
        api.post("/auth/password/forgot", &json!({"email": person.email})).await.is(202);
        let reset =
            last_that(&acme.service.installation, &person.email, 1, |mail| mail.link().contains("/password/reset"));
        let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
        let signed_in = BrowserSession::begin(acme).await.sign_in(&api, &EvmWallet::new()).await;
        Self {
            refresh: text_of(&login, "refresh_token"),
            reset: reset.await.token(),
            proof: wallet.proof("ethereum", &challenge),
            code: text_of(&signed_in, "code"),
            access: person,
        }
    }

    /// Asserts that nothing of it is accepted.
    pub(super) async fn check(&self, node: &Node) {
        let api: Api = node.api();
        self.access.at_node(node).get("/users/me").await.problem(401, "invalid_token");
        let refreshed = api.post("/auth/refresh", &json!({"refresh_token": self.refresh})).await;
        refreshed.problem(401, "invalid_refresh_token");
        let body = json!({"token": self.reset, "new_password": "another-harbour-41-lantern"});
        let reset = api.post("/auth/password/reset", &body).await;
        reset.problem(400, "invalid_reset_token");
        let signed_in = api.post("/auth/web3/verify", &self.proof).await;
        assert_eq!(signed_in.status, 401, "{}", signed_in.text());
        assert_eq!(redeem(&api, &self.code).await.status / 100, 4);
        assert!(!self.access.at_node(node).again().await.token.is_empty(), "the password is valid");
    }
}

async fn link(person: &Person, wallet: &EvmWallet) {
    let challenge = person.post("/users/me/wallets/challenge", &wallet.named("ethereum")).await.expecting(200);
    person.post("/users/me/wallets", &wallet.proof("ethereum", &challenge)).await.is(201);
}
