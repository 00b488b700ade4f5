//! Every operation that may change something, twice with one idempotency key: it is executed once.
//!
//! The list of operations is that of the OpenAPI document, so that a new operation is in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tessera_adapters::SqlStore;
use tessera_kernel::{AuditTrail as _, Limit, OrganizationId, PageRequest};
use tessera_tests::{
    api::{Answer, Api, send, text_of},
    authenticator::Authenticator,
    database::Backend,
    mail::last_of,
    on_both,
    test_org::{PASSWORD, Person, unique},
    totp_app::TotpApp,
    wallet::EvmWallet,
};

use crate::{
    actors::{Actors, open_store},
    requests::{self, Request, request},
    served_operations,
};

on_both! {
    every_change_with_a_key_is_executed_once_s160
}

/// The operations of the document that take a key.
async fn keyed_operations(api: &Api) -> BTreeSet<String> {
    let document = api.anonymous().get_root("/openapi.json").await.expecting(200);
    let takes_key = |operation: &String| {
        let (method, path) = requests::split(operation);
        let parameters = document["paths"][path][method.as_str().to_lowercase()]["parameters"].as_array();
        parameters.into_iter().flatten().any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    served_operations(api).await.into_iter().filter(takes_key).collect()
}

/// The number of audit entries of the organization and of no organization.
async fn entries(store: &SqlStore, organization: &str) -> usize {
    let organization: OrganizationId = organization.parse().unwrap_or_else(|error| panic!("{organization}: {error}"));
    let mut count = 0;
    for of in [Some(organization), None] {
        let mut page = PageRequest { after: None, limit: Limit::default() };
        for _ in 0..1_000 {
            let found = store.list_events(of, page).await.unwrap_or_else(|error| panic!("no entries: {error}"));
            count += found.items.len();
            let Some(next) = found.next else { break };
            page = PageRequest { after: Some(next), ..page };
        }
    }
    count
}

/// Makes the target a member again, if an earlier operation has removed them.
async fn return_target(actors: &Actors) {
    let target = json!({"user_id": actors.target.id, "role": "member"});
    let back = actors.acme.owner.post(&actors.acme.members(None), &target).await;
    assert!([201, 409].contains(&back.status), "{}", back.text());
}

/// A request that succeeds, and its caller. Most of those of the matrix succeed for the owner.
#[expect(clippy::too_many_lines, reason = "one arm for each operation")]
async fn success(actors: &Actors, operation: &str) -> (Api, Request) {
    let (acme, owner) = (&actors.acme, &actors.acme.owner);
    return_target(actors).await;
    let made = request(actors, operation).await;
    let plain = |caller: &Api, path: String, body: Option<Value>| {
        (caller.clone(), Request { path: format!("/api/v1{path}"), body, ..copy(&made) })
    };
    match operation {
        "DELETE /api/v1/orgs/{orgId}" => {
            let organization = owner.post("/orgs", &json!({"name": unique("Doomed")})).await.expecting(201);
            let (id, slug) = (text_of(&organization, "id"), text_of(&organization, "slug"));
            plain(&*owner.again().await, format!("/orgs/{id}?slug={slug}"), None)
        }
        "POST /api/v1/invitations/accept" => {
            let email = format!("{}@example.com", unique("invited"));
            invite(actors, &email).await;
            let token = last_of(&acme.service.installation, &email, 1).await.token();
            plain(&acme.api(), "/invitations/accept".to_owned(), Some(json!({"token": token, "password": PASSWORD})))
        }
        "POST /api/v1/users/me/invitations/{invitationId}/accept"
        | "DELETE /api/v1/users/me/invitations/{invitationId}" => {
            let person = Person::with_verified_address(acme).await;
            let id = invite(actors, &person.email).await;
            let tail = if operation.starts_with("POST") { "/accept" } else { "" };
            plain(&person, format!("/users/me/invitations/{id}{tail}"), None)
        }
        "POST /api/v1/users/me/mfa/totp/confirm" => {
            let person = Person::register(&acme.api()).await;
            let started = person.post("/users/me/mfa/totp", &json!({})).await.expecting(201);
            let code = TotpApp::with_secret(&text_of(&started, "secret")).code();
            plain(&person, "/users/me/mfa/totp/confirm".to_owned(), Some(json!({"totp": code})))
        }
        "DELETE /api/v1/users/me/mfa/totp" | "POST /api/v1/users/me/mfa/recovery-codes" => {
            let person = Person::register(&acme.api()).await;
            TotpApp::enroll(&person).await;
            (Api::clone(&*person), made)
        }
        "POST /api/v1/users/me/passkeys" => {
            let person = Person::register(&acme.api()).await;
            let body = requests::created_passkey(&person).await;
            plain(&person, "/users/me/passkeys".to_owned(), Some(body))
        }
        "DELETE /api/v1/users/me/passkeys/{passkeyId}" => {
            let person = Person::register(&acme.api()).await;
            let added = Authenticator::new().add_to(&person).await.expecting(201);
            plain(&person, format!("/users/me/passkeys/{}", text_of(&added["passkey"], "id")), None)
        }
        "POST /api/v1/users/me/wallets" => {
            let person = Person::register(&acme.api()).await;
            let proof = requests::proof(&person, "/users/me/wallets/challenge").await;
            plain(&person, "/users/me/wallets".to_owned(), Some(proof))
        }
        "DELETE /api/v1/users/me/wallets/{address}" => {
            let (person, wallet) = (Person::register(&acme.api()).await, EvmWallet::new());
            let challenge = person.post("/users/me/wallets/challenge", &wallet.named("ethereum")).await.expecting(200);
            person.post("/users/me/wallets", &wallet.proof("ethereum", &challenge)).await.is(201);
            plain(&person, format!("/users/me/wallets/{}", wallet.address()), None)
        }
        "DELETE /api/v1/users/me/sessions/{sessionId}" => {
            let person = Person::register(&acme.api()).await;
            let known = person.get("/users/me/sessions").await.expecting(200);
            let person = person.again().await;
            plain(&person, format!("/users/me/sessions/{}", text_of(&known[0], "id")), None)
        }
        "DELETE /api/v1/users/me/sessions" => {
            plain(&*Person::register(&acme.api()).await, "/users/me/sessions".to_owned(), None)
        }
        "PUT /api/v1/users/me/password"
        | "PUT /api/v1/users/me"
        | "POST /api/v1/users/me/mfa/totp"
        | "POST /api/v1/users/me/email" => (Api::clone(&*Person::register(&acme.api()).await), made),
        "PUT /api/v1/users/{userId}/custom-data" | "PATCH /api/v1/users/{userId}/custom-data" => {
            plain(owner, "/users/me/custom-data".to_owned(), Some(json!({"data": {"a": 1}})))
        }
        "POST /api/v1/auth/register" | "POST /api/v1/apikeys/leaked" => (acme.api(), made),
        "POST /api/v1/apikeys/{keyId}/rotate/finish" => {
            let key = acme.key().await;
            owner.post(&format!("/apikeys/{}/rotate", key.id), &json!({})).await.is(201);
            plain(owner, format!("/apikeys/{}/rotate/finish", key.id), None)
        }
        // A change of a role and others need recent authentication.
        _ => (Api::clone(&*owner.again().await), made),
    }
}

fn copy(request: &Request) -> Request {
    Request {
        method: request.method.clone(),
        path: request.path.clone(),
        body: request.body.clone(),
        cookie: None,
        organization: request.organization.clone(),
    }
}

async fn invite(actors: &Actors, email: &str) -> String {
    let path = format!("/orgs/{}/invitations", actors.acme.org);
    let sent = actors.acme.owner.post(&path, &json!({"email": email, "role": "member"})).await;
    text_of(&sent.expecting(201), "id")
}

async fn send_with(request: &Request, caller: &Api, key: &str) -> Answer {
    let mut sent = caller.request(request.method.clone(), &request.path).header("Idempotency-Key", key);
    if let Some(organization) = &request.organization {
        sent = sent.header("X-Org-ID", organization);
    }
    send(match &request.body {
        Some(body) => sent.json(body),
        None => sent,
    })
    .await
}

async fn every_change_with_a_key_is_executed_once_s160(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let store = open_store(&actors.acme).await;
    let operations = keyed_operations(&actors.acme.api()).await;
    assert!(operations.len() >= 36, "{operations:?}");
    for operation in operations {
        let (caller, request) = success(&actors, &operation).await;
        let key = unique("key");
        let first = send_with(&request, &caller, &key).await;
        assert!((200..300).contains(&first.status), "{operation}: {} {}", first.status, first.text());
        assert_eq!(first.header("idempotent-replayed"), None, "{operation}");
        // The second request needs a valid credential. That of another session is tested at the HTTP edge.
        if operation == super::SIGN_OUT_EVERYWHERE {
            send_with(&request, &caller, &key).await.problem(401, "invalid_token");
            continue;
        }
        let before = entries(&store, &actors.acme.org).await;
        let second = send_with(&request, &caller, &key).await;
        assert_eq!((second.status, second.text()), (first.status, first.text()), "{operation}");
        for name in ["content-type", "location", "etag"] {
            assert_eq!(second.header(name), first.header(name), "{operation}: {name}");
        }
        assert_eq!(second.header("idempotent-replayed"), Some("true"), "{operation}");
        assert_ne!(second.header("x-request-id"), first.header("x-request-id"), "{operation}");
        assert_eq!(entries(&store, &actors.acme.org).await, before, "{operation}: a replay writes no audit entry");
        let other = Request {
            path: format!("{}{}other=1", request.path, if request.path.contains('?') { '&' } else { '?' }),
            ..copy(&request)
        };
        assert_eq!(send_with(&other, &caller, &key).await.status, 422, "{operation}");
    }
}
