//! Every example of a request is accepted by a running service.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, send, text_of},
    authenticator::Authenticator,
    database::Backend,
    mail::{last_of, last_that},
    on_both,
    process::Installation,
    sso::{self, BrowserSession},
    test_org::{PASSWORD, Person, TestOrg, unique},
    totp_app::{TotpApp, mfa_token},
    wallet::EvmWallet,
};

use crate::operations;

on_both! {
    every_example_of_a_request_succeeds
}

async fn every_example_of_a_request_succeeds(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_AUDIENCES", "https://games.example.com");
    let acme = TestOrg::open_on(installation).await;
    let document = acme.api().get_root("/openapi.json").await.expecting(200);
    let mut with_body = operations(&document);
    with_body.retain(|(.., operation)| operation["requestBody"].is_object());
    assert!(with_body.len() > 20, "only {} operations have a body", with_body.len());
    // The example of the sign-in names the user of the example of the registration.
    with_body.sort_by_key(|(.., operation)| operation["operationId"] != "register_user");
    for (method, path, operation) in with_body {
        let content = operation["requestBody"]["content"].as_object();
        for (kind, content) in content.unwrap_or_else(|| panic!("{method} {path} has no content")) {
            let example = &content["example"];
            assert!(example.is_object(), "{method} {path} has no example of {kind}");
            let (caller, runtime) = prepare(&acme, &text_of(operation, "operationId"), example).await;
            let body = with_runtime_values(example, &runtime);
            let method: Method = method.to_uppercase().parse().unwrap_or_else(|error| panic!("{method}: {error}"));
            let request = caller.request(method.clone(), &with_ids(&acme, path).await);
            let request = if path.starts_with("/v1/") { request.header("X-Org-ID", &acme.org) } else { request };
            let answer = send(request.header("Content-Type", kind).body(body.to_string())).await;
            assert!((200..300).contains(&answer.status), "{method} {path}: {body}: {}", answer.text());
        }
    }
}

/// Replaces members of the example, which must have them.
fn with_runtime_values(example: &Value, runtime: &Value) -> Value {
    let mut body = example.clone();
    for (name, value) in runtime.as_object().into_iter().flatten() {
        let member = body.get_mut(name).unwrap_or_else(|| panic!("no {name} in {example}"));
        *member = value.clone();
    }
    body
}

/// The path of the operation with ids of the test organization.
async fn with_ids(acme: &TestOrg, path: &str) -> String {
    let user = if path.contains("/orgs/") && path.contains("{userId}") {
        acme.add_member("member").await.id
    } else {
        "me".to_owned()
    };
    let path =
        if path.contains("{id}") { path.replace("{id}", &acme.service_account(&[]).await) } else { path.to_owned() };
    let path = if path.contains("{keyId}") { path.replace("{keyId}", &acme.key().await.id) } else { path };
    let path = path.replace("{orgId}", &acme.org).replace("{appId}", &acme.app).replace("{userId}", &user);
    assert!(!path.contains('{'), "{path} has a parameter without a value here");
    path
}

/// The caller of an operation, and the members of its example that exist only at run time. All other members are sent
/// as they are in the document.
async fn prepare(acme: &TestOrg, operation: &str, example: &Value) -> (Api, Value) {
    let (api, owner) = (acme.api(), Api::clone(&acme.owner));
    match operation {
        "exchange_token" => (owner, json!({"organization_id": acme.org})),
        "add_member" => (owner, json!({"user_id": Person::register(&api).await.id})),
        "change_password" => (with_password(&api, &text_of(example, "current_password")).await, json!({})),
        "refresh_session" => (api.clone(), json!({"refresh_token": refresh_token(acme).await})),
        "reauthenticate" => {
            // The example has both proofs, of which a request has one.
            let password = json!({"ceremony_id": Value::Null, "credential": Value::Null});
            (with_password(&api, &text_of(example, "password")).await, password)
        }
        "verify_mfa" => {
            let person = Person::register(&api).await;
            let (app, _) = TotpApp::enroll(&person).await;
            let login = api.post("/auth/login", &json!({"email": person.email, "password": PASSWORD})).await;
            (api, json!({"mfa_token": mfa_token(&login), "totp": app.code()}))
        }
        "confirm_totp" => {
            let started = owner.post("/users/me/mfa/totp", &json!({})).await.expecting(201);
            let app = TotpApp::with_secret(&text_of(&started, "secret"));
            (owner.clone(), json!({"totp": app.code()}))
        }
        "reset_password" => (api.clone(), json!({"token": reset_token(acme).await})),
        "verify_email" => verification(acme).await,
        "accept_invitation" => (api.clone(), json!({"token": invitation_token(acme).await})),
        "verify_web3_signature" => (api.clone(), wallet_proof(&api, "/auth/web3/challenge", example).await),
        "link_wallet" => (owner.clone(), wallet_proof(&owner, "/users/me/wallets/challenge", example).await),
        "sign_in_with_passkey" => {
            let person = Person::register(&api).await;
            let proof = Authenticator::of(&person).await.proof(&api).await;
            (api, proof)
        }
        "add_passkey" => {
            let person = Person::register(&api).await;
            let started = person.post("/users/me/passkeys/options", &json!({})).await.expecting(200);
            let credential = Authenticator::new().create(&started["options"]);
            (Api::clone(&person), json!({"ceremony_id": started["ceremony_id"], "credential": credential}))
        }
        "request_web3_sso_challenge" => {
            let session = BrowserSession::begin(acme).await;
            (api.with_cookie(&session.cookie), json!({"session_id": session.session}))
        }
        "verify_web3_sso" => {
            let session = BrowserSession::begin(acme).await;
            let proof = session.proof(&api, &EvmWallet::new()).await;
            (api.with_cookie(&session.cookie), proof)
        }
        "redeem_sso_code" => (api.clone(), json!({"code": code(acme, &text_of(example, "redirect_uri")).await})),
        "create_organization_key" => (owner, json!({"serviceAccountId": acme.service_account(&["org:read"]).await})),
        _ => (owner, json!({})),
    }
}

/// A new user with this password.
async fn with_password(api: &Api, password: &str) -> Api {
    let account = json!({"email": format!("{}@example.com", unique("person")), "password": password});
    api.post("/auth/register", &account).await.is(201);
    api.bearer(&text_of(&api.post("/auth/login", &account).await.expecting(200), "token"))
}

async fn refresh_token(acme: &TestOrg) -> String {
    let account = json!({"email": acme.owner.email, "password": PASSWORD, "refresh": true});
    text_of(&acme.api().post("/auth/login", &account).await.expecting(200), "refresh_token")
}

async fn reset_token(acme: &TestOrg) -> String {
    let person = Person::register(&acme.api()).await;
    acme.api().post("/auth/password/forgot", &json!({"email": person.email})).await.is(202);
    last_of(&acme.service.installation, &person.email, 1).await.token()
}

/// A new user, and the token from the mail to their address. The fields of an example exclude each other.
async fn verification(acme: &TestOrg) -> (Api, Value) {
    let person = Person::register(&acme.api()).await;
    let mail = last_that(&acme.service.installation, &person.email, 1, |_| true).await;
    let absent = Value::Null;
    let runtime =
        json!({"token": mail.token(), "password": absent, "code": absent, "registration": absent, "decline": absent});
    (Api::clone(&person), runtime)
}

async fn invitation_token(acme: &TestOrg) -> String {
    let guest = format!("{}@example.com", unique("guest"));
    let invitation = json!({"email": guest, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    last_of(&acme.service.installation, &guest, 1).await.token()
}

/// The proof of a new wallet on the chain of the example. The key of the example's wallet is unknown.
async fn wallet_proof(caller: &Api, challenge: &str, example: &Value) -> Value {
    let (wallet, chain) = (EvmWallet::new(), text_of(example, "chain_type"));
    let challenge = caller.post(challenge, &wallet.named(&chain)).await.expecting(200);
    let proof = wallet.proof(&chain, &challenge);
    json!({"wallet_address": proof["wallet_address"], "signature": proof["signature"], "nonce": proof["nonce"]})
}

/// A code of a sign-in with this redirect URI. The code verifier of the example is that of the sign-ins of the tests.
async fn code(acme: &TestOrg, redirect_uri: &str) -> String {
    let query = sso::query_with(acme, redirect_uri).await;
    let session = BrowserSession::of(&acme.api().get(&format!("/sso/web3/initiate{query}")).await);
    text_of(&session.sign_in(&acme.api(), &EvmWallet::new()).await, "code")
}
