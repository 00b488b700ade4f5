//! A valid request for each endpoint. Consuming endpoints get a new target each time.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, send, text_of},
    authenticator::Authenticator,
    sso::{self, BrowserSession},
    test_org::{PASSWORD, Person, UNKNOWN_ID, unique},
    wallet::EvmWallet,
};

use crate::actors::Actors;

/// A request to send.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// The cookie that a browser sends.
    pub(crate) cookie: Option<String>,
    /// The organization that the header X-Org-ID names.
    pub(crate) organization: Option<String>,
}

impl Request {
    /// Sends the request as the actor.
    pub(crate) async fn by(self, actor: &Api) -> Answer {
        let actor = self.cookie.map_or_else(|| actor.clone(), |cookie| actor.with_cookie(&cookie));
        let mut request = actor.request(self.method, &self.path);
        if let Some(organization) = self.organization {
            request = request.header("X-Org-ID", organization);
        }
        send(match &self.body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

/// Method and path of an endpoint.
pub(crate) fn split(operation: &str) -> (Method, &str) {
    let (method, path) = operation.split_once(' ').unwrap_or_else(|| panic!("no operation: {operation}"));
    (method.parse().unwrap_or_else(|error| panic!("{method}: {error}")), path)
}

/// The path of an endpoint with all parameters replaced.
pub(crate) fn with_ids(operation: &str, id: impl Fn(&str) -> String) -> String {
    let (_, path) = split(operation);
    let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
        Some(parameter) => id(parameter),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A valid request for an endpoint. An endpoint that is missing here fails the tests: add its request here and its row
/// to `tests/matrix.txt`.
pub(crate) async fn request(actors: &Actors, operation: &str) -> Request {
    let acme = &actors.acme;
    let (app, key) = match operation {
        "DELETE /api/v1/apps/{appId}" => (acme.owner.make_app(&acme.org).await, String::new()),
        _ if operation.contains("{keyId}") => (acme.app.clone(), acme.key().await.id),
        _ => (acme.app.clone(), String::new()),
    };
    let b3os = if operation.contains("{id}") { organization_object(actors, operation).await } else { String::new() };
    let invitation = if operation.contains("{invitationId}") { invite(actors).await } else { String::new() };
    let session = if operation.contains("{sessionId}") { session_of(&actors.target).await } else { String::new() };
    let id = |parameter: &str| match parameter {
        "orgId" => acme.org.clone(),
        "appId" => app.clone(),
        "userId" => actors.target.id.clone(),
        "keyId" => key.clone(),
        "id" => b3os.clone(),
        "invitationId" => invitation.clone(),
        // A session of another user, because every actor needs their own session.
        "sessionId" => session.clone(),
        // The wallet of another user: no actor has a wallet.
        "address" => EvmWallet::new().address(),
        // No user has a passkey with this id.
        "passkeyId" => UNKNOWN_ID.to_owned(),
        _ => panic!("{operation} has an unknown parameter"),
    };
    let path = with_ids(operation, id) + &query(actors, operation).await;
    let (method, _) = split(operation);
    if path.contains("/sso/web3/") && method == Method::POST {
        let (body, cookie) = sso_step(actors, &path).await;
        return Request { method, path, body: Some(body), cookie: Some(cookie), organization: None };
    }
    // Users of the tests belong to several organizations.
    let organization = operation.contains(" /v1/").then(|| acme.org.clone());
    Request { method, path, body: body(actors, operation).await, cookie: None, organization }
}

/// A new key or service account of the organization.
async fn organization_object(actors: &Actors, operation: &str) -> String {
    let account = actors.acme.service_account(&["org:read"]).await;
    if operation.contains("/v1/service-accounts/") {
        return account;
    }
    actors.acme.account_key(&account, "read").await.id
}

/// The query that an endpoint requires.
async fn query(actors: &Actors, operation: &str) -> String {
    match operation {
        "GET /api/v1/sso/web3/initiate" => sso::query(&actors.acme).await,
        _ => String::new(),
    }
}

/// A step of a new sign-in to the test organization's application, with the cookie of the sign-in.
async fn sso_step(actors: &Actors, path: &str) -> (Value, String) {
    let (session, wallet) = (BrowserSession::begin(&actors.acme).await, EvmWallet::new());
    let body = if path.ends_with("/challenge") {
        session.named(&wallet)
    } else {
        session.proof(&actors.acme.api(), &wallet).await
    };
    (body, session.cookie)
}

#[expect(clippy::too_many_lines, reason = "one arm for each operation")]
async fn body(actors: &Actors, operation: &str) -> Option<Value> {
    let (method, path) = split(operation);
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let acme = &actors.acme;
    Some(match (method.as_str(), path) {
        ("GET", "/orgs/{orgId}/custom-system-data/{userId}") => return write_about_target(actors).await,
        ("POST", "/auth/token/exchange") => json!({"organization_id": acme.org, "audience": acme.app}),
        ("POST", "/orgs/{orgId}/invitations") => guest(),
        ("POST", "/invitations/accept" | "/auth/email/verify") => json!({"token": "none"}),
        ("GET", _)
        | (
            "POST",
            "/auth/logout"
            | "/auth/passkey/options"
            | "/users/me/passkeys/options"
            | "/users/me/mfa/totp"
            | "/users/me/mfa/recovery-codes"
            | "/orgs/{orgId}/invitations/{invitationId}/resend"
            | "/users/me/invitations/{invitationId}/accept"
            | "/apikeys/{keyId}/rotate/finish",
        )
        | (
            "DELETE",
            // Without the slug, so that the organization stays for the other actors.
            "/orgs/{orgId}"
            | "/apps/{appId}"
            | "/apikeys/{keyId}"
            | "/orgs/{orgId}/invitations/{invitationId}"
            | "/users/me/invitations/{invitationId}"
            | "/users/me/wallets/{address}"
            | "/users/me/passkeys/{passkeyId}"
            | "/users/me/mfa/totp"
            | "/users/me/sessions"
            | "/users/me/sessions/{sessionId}"
            | "/v1/api-keys/{id}"
            | "/v1/service-accounts/{id}",
        ) => return None,
        ("DELETE", "/orgs/{orgId}/members/{userId}") => return return_target(actors).await,
        ("POST", "/auth/register") => json!({"email": format!("{}@example.com", unique("x")), "password": PASSWORD}),
        ("POST", "/auth/login") => json!({"email": actors.target.email, "password": PASSWORD}),
        ("POST", "/auth/refresh") => refresh(actors).await,
        ("POST", "/auth/reauthenticate") => json!({"password": PASSWORD}),
        ("POST", "/auth/mfa/verify") => json!({"mfa_token": "none", "totp": "123456"}),
        ("POST", "/users/me/mfa/totp/confirm") => json!({"totp": "x"}),
        ("POST", "/auth/password/forgot") => json!({"email": actors.target.email}),
        ("POST", "/auth/password/reset") => json!({"token": "none", "new_password": PASSWORD}),
        ("POST", "/auth/email/resend") => json!({"registration": "none"}),
        ("POST", "/users/me/email") => json!({"email": format!("{}@example.com", unique("x"))}),
        ("POST", "/auth/web3/challenge" | "/users/me/wallets/challenge") => EvmWallet::new().named("ethereum"),
        ("POST", "/auth/passkey/verify") => passkey_proof(&acme.api()).await,
        ("POST", "/users/me/passkeys") => json!({"ceremony_id": "none", "credential": {}}),
        ("POST", "/auth/web3/verify") => proof(&acme.api(), "/auth/web3/challenge").await,
        ("POST", "/users/me/wallets") => EvmWallet::new().proof("ethereum", &json!({"nonce": "none", "challenge": ""})),
        ("POST", "/sso/token") => json!({"code": "none", "redirect_uri": sso::RETURN, "code_verifier": sso::VERIFIER}),
        (_, path) if path.starts_with("/apikeys/") => about_key(path),
        ("POST", "/orgs") | ("PUT", "/orgs/{orgId}") => json!({"name": unique("Org")}),
        ("POST", "/orgs/{orgId}/apps") | ("PUT", "/apps/{appId}") => json!({"name": unique("App")}),
        ("POST", "/orgs/{orgId}/members") => newcomer(actors).await,
        ("PUT", "/orgs/{orgId}/members/{userId}") => json!({"role": "member"}),
        ("POST", "/apps/{appId}/apikeys") => json!({"permissions": ["inventory:read"]}),
        ("POST", "/apps/{appId}/inventory") => json!({"sku": unique("sku")}),
        ("POST", "/v1/api-keys") => json!({"name": unique("key")}),
        ("POST", "/v1/service-accounts") | ("PATCH", "/v1/service-accounts/{id}") => {
            json!({"name": unique("account"), "permissions": ["org:read"]})
        }
        ("PUT", "/users/me") => json!({"display_name": unique("Name")}),
        ("PUT", "/users/me/password") => json!({"current_password": PASSWORD, "new_password": PASSWORD}),
        ("PUT", "/orgs/{orgId}/settings") => json!({"settings": {"theme": "dark"}}),
        ("PUT" | "PATCH", "/orgs/{orgId}/custom-system-data/{userId}" | "/users/{userId}/custom-data") => {
            json!({"data": {"a": 1}})
        }
        _ => panic!("{operation} has no request here and no row in the matrix"),
    })
}

/// The body of an operation on API keys.
fn about_key(path: &str) -> Value {
    match path {
        "/apikeys/verify" => json!({"key": "ask_none"}),
        "/apikeys/leaked" => json!({"keys": ["ask_none"]}),
        "/apikeys/{keyId}/rotate" => json!({}),
        _ => json!({"enabled": true}),
    }
}

/// The body of an invitation of a new address.
fn guest() -> Value {
    json!({"email": format!("{}@example.com", unique("guest")), "role": "member"})
}

/// The id of a new invitation.
async fn invite(actors: &Actors) -> String {
    let acme = &actors.acme;
    let sent = acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &guest()).await;
    text_of(&sent.expecting(201), "id")
}

/// The id of the user's session.
async fn session_of(person: &Person) -> String {
    let sessions = person.get("/users/me/sessions").await.expecting(200);
    text_of(&sessions[0], "id")
}

/// The body with the refresh token of a new session.
async fn refresh(actors: &Actors) -> Value {
    let login = json!({"email": actors.target.email, "password": PASSWORD, "refresh": true});
    let login = actors.acme.api().post("/auth/login", &login).await.expecting(200);
    json!({"refresh_token": login["refresh_token"]})
}

/// The proof of a passkey of a new user.
async fn passkey_proof(api: &Api) -> Value {
    let person = Person::register(api).await;
    Authenticator::of(&person).await.proof(api).await
}

/// A new credential, with a ceremony that the actor started. It is invalid if the actor got none.
pub(crate) async fn created_passkey(actor: &Api) -> Value {
    let started = actor.post("/users/me/passkeys/options", &json!({})).await;
    if started.status != 200 {
        return json!({"ceremony_id": "none", "credential": {}});
    }
    let started = started.json();
    let credential = Authenticator::new().create(&started["options"]);
    json!({"ceremony_id": started["ceremony_id"], "credential": credential})
}

/// The proof of a new wallet, with a challenge that the actor requested. It is invalid if the actor got no challenge.
pub(crate) async fn proof(actor: &Api, path: &str) -> Value {
    let wallet = EvmWallet::new();
    let challenge = actor.post(path, &wallet.named("ethereum")).await;
    let challenge = if challenge.status == 200 { challenge.json() } else { json!({"nonce": "none", "challenge": ""}) };
    wallet.proof("ethereum", &challenge)
}

/// The body that adds the newcomer, who is removed first if they are a member.
async fn newcomer(actors: &Actors) -> Value {
    let left = actors.acme.owner.delete(&actors.acme.members(Some(&actors.newcomer.id))).await;
    assert!([204, 404].contains(&left.status), "{}", left.text());
    json!({"user_id": actors.newcomer.id, "role": "member"})
}

/// Makes sure that the member to be removed is a member.
async fn return_target(actors: &Actors) -> Option<Value> {
    let body = json!({"user_id": actors.target.id, "role": "member"});
    let back = actors.acme.owner.post(&actors.acme.members(None), &body).await;
    assert!([201, 409].contains(&back.status), "{}", back.text());
    None
}

/// Makes sure that there are system data of the member.
async fn write_about_target(actors: &Actors) -> Option<Value> {
    return_target(actors).await;
    let path = format!("/orgs/{}/custom-system-data/{}", actors.acme.org, actors.target.id);
    actors.acme.owner.put(&path, &json!({"data": {}})).await.is(200);
    None
}

/// A response without the request id, which differs between any two responses.
pub(crate) fn shape(answer: &Answer) -> (u16, Vec<String>, Value) {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
        body.remove("requestId");
    }
    let varying = ["date", "x-request-id"];
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        .filter(|(name, _)| !varying.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    (answer.status, headers, body)
}
