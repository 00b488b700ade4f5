//! Authorization matrix: every kind of actor at every endpoint, and the data that outsiders can learn.
//!
//! `tests/matrix.txt` is the table. `tests/public-operations.txt` lists the endpoints without a required credential.
//! That list may only shrink.

mod actors;
mod idempotency;
mod requests;

use std::collections::BTreeSet;

use actors::Actors;
use requests::request;
use serde_json::json;
use tessera_tests::{
    api::Api, database::Backend, on_both, read_workspace_file, test_org::UNKNOWN_ID, totp_app::TotpApp,
};

/// Endpoints that require no credential but use one if it is present.
const OPTIONAL: [&str; 3] =
    ["POST /api/v1/auth/email/resend", "POST /api/v1/auth/email/verify", "POST /api/v1/invitations/accept"];

const SIGN_OUT_EVERYWHERE: &str = "DELETE /api/v1/users/me/sessions";

/// Every endpoint in the OpenAPI document, as `METHOD path`, sorted.
async fn served_operations(api: &Api) -> BTreeSet<String> {
    let document = api.anonymous().get_root("/openapi.json").await.expecting(200);
    let paths = document["paths"].as_object().unwrap_or_else(|| panic!("no paths"));
    let operation = |(path, item): (&String, &serde_json::Value)| {
        let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.to_uppercase());
        methods
            .filter(|method| ["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&method.as_str()))
            .map(|method| format!("{method} {path}"))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(operation).collect()
}

/// The endpoints in the OpenAPI document that accept a credential of that security scheme.
async fn accepting(api: &Api, scheme: &str) -> BTreeSet<String> {
    let document = api.anonymous().get_root("/openapi.json").await.expecting(200);
    let accepts = |operation: &String| {
        let (method, path) = requests::split(operation);
        let ways = document["paths"][path][method.as_str().to_lowercase()]["security"].as_array();
        ways.into_iter().flatten().any(|way| way.get(scheme).is_some())
    };
    served_operations(api).await.into_iter().filter(accepts).collect()
}

/// One line of the table: the endpoint and the status for each actor.
async fn row(actors: &Actors, operation: &str) -> String {
    let mut line = operation.to_owned();
    for (name, actor) in &actors.clients {
        let mut request = request(actors, operation).await;
        if operation == "POST /api/v1/users/me/wallets" {
            // A challenge is bound to the session that requested it.
            request.body = Some(requests::proof(actor, "/users/me/wallets/challenge").await);
        }
        if operation == "POST /api/v1/users/me/passkeys" {
            request.body = Some(requests::created_passkey(actor).await);
        }
        // Signing out ends the session, so each actor uses a new session.
        let actor = if operation.ends_with("/auth/logout") { actors.in_new_session(name).await } else { actor.clone() };
        let answer = request.by(&actor).await;
        if answer.status >= 400 {
            let in_envelope = operation.contains(" /v1/");
            let _complete = if in_envelope { answer.failure(answer.status) } else { answer.any_problem(answer.status) };
        }
        line = format!("{line} | {}", answer.status);
    }
    line
}

on_both! {
    every_actor_has_the_documented_rights_at_every_endpoint_s145
    only_listed_operations_answer_without_a_credential
    a_wrong_credential_is_401_before_ids_and_bodies_are_read
    a_foreign_id_and_an_unknown_id_return_the_same_response_s22
    an_api_key_cannot_reach_another_application_s134
    an_api_key_reaches_only_the_users_of_its_organization_s134
    an_api_key_is_rejected_where_a_user_is_required_s141
    an_organization_key_is_rejected_where_a_user_is_required_s141
    an_expired_api_key_is_rejected_s138
    an_api_key_is_accepted_in_both_headers
    an_organization_that_requires_mfa_admits_only_sessions_with_mfa
}

/// The operations inside an organization are those that a stranger gets 404 for and the owner does not, and the exchange of a
/// token. A member of each role gets 403 for all of them, and with MFA the response of the table.
async fn an_organization_that_requires_mfa_admits_only_sessions_with_mfa(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let table = read_workspace_file("tests/matrix.txt");
    let mut rows = table.lines().map(|line| line.split(" | ").collect::<Vec<_>>());
    let names = rows.next().unwrap_or_else(|| panic!("no table"));
    let place = |name: &str| names.iter().position(|known| *known == name).unwrap_or_else(|| panic!("no {name}"));
    let inside: Vec<Vec<&str>> =
        rows.filter(|row| row[place("stranger")] == "404" && row[place("owner")] != "404").collect();
    assert!(inside.len() > 30, "{}", inside.len());
    TotpApp::enroll(&actors.acme.owner).await;
    let org = format!("/orgs/{}", actors.acme.org);
    actors.acme.owner.put(&org, &json!({"mfa_required": true})).await.is(200);
    for row in &inside {
        for name in ["member", "admin"] {
            let answer = request(&actors, row[0]).await.by(actors.actor(name)).await;
            if row[0].contains(" /v1/") {
                answer.failure(403);
            } else {
                answer.problem(403, "organization_requires_mfa");
            }
        }
        for name in ["stranger", "personal_write", "account_key", "key", "owner"] {
            let answer = request(&actors, row[0]).await.by(actors.actor(name)).await;
            assert_eq!(answer.status.to_string(), row[place(name)], "{name}: {}: {}", row[0], answer.text());
        }
    }
    let exchange = request(&actors, "POST /api/v1/auth/token/exchange").await;
    exchange.by(actors.actor("member")).await.problem(403, "exchange_denied");
    request(&actors, "POST /api/v1/auth/token/exchange").await.by(actors.actor("owner")).await.is(200);
    TotpApp::enroll(actors.person("member")).await;
    for row in &inside {
        let answer = request(&actors, row[0]).await.by(actors.actor("member")).await;
        assert_eq!(answer.status.to_string(), row[place("member")], "{}: {}", row[0], answer.text());
    }
    let admin = actors.person("admin");
    admin.delete(&actors.acme.members(Some(&admin.id))).await.is(204);
}

async fn every_actor_has_the_documented_rights_at_every_endpoint_s145(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let names: Vec<&str> = actors.clients.iter().map(|(name, _)| *name).collect();
    let mut table = vec![format!("operation | {}", names.join(" | "))];
    for operation in served_operations(&actors.acme.api()).await {
        // Signing out everywhere ends the sessions that later rows need, so this row uses separate actors.
        let other = if operation == SIGN_OUT_EVERYWHERE { Some(Actors::assemble(backend).await) } else { None };
        table.push(row(other.as_ref().unwrap_or(&actors), &operation).await);
    }
    let expected = read_workspace_file("tests/matrix.txt");
    let expected: Vec<&str> = expected.lines().collect();
    assert_eq!(table, expected, "\n{}", table.join("\n"));
}

async fn only_listed_operations_answer_without_a_credential(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let mut public = Vec::new();
    for operation in served_operations(&actors.acme.api()).await {
        let request = request(&actors, &operation).await;
        let answer = request.by(&actors.acme.api()).await;
        // The token of an interrupted operation is in the body, and here it is unknown.
        if answer.status != 401 || answer.json()["code"] == "invalid_mfa_token" {
            public.push(operation);
        }
    }
    let listed = read_workspace_file("tests/public-operations.txt");
    assert_eq!(public, listed.lines().collect::<Vec<_>>());
}

async fn a_wrong_credential_is_401_before_ids_and_bodies_are_read(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let nobody = actors.acme.api().bearer("nobody");
    let listed = read_workspace_file("tests/public-operations.txt");
    for operation in served_operations(&nobody).await {
        let (method, path) = requests::split(&operation);
        let path = path.replace(['{', '}'], "");
        let answer = nobody.call(method, &path, None).await;
        assert_eq!(
            answer.status == 401,
            !listed.lines().any(|line| line == operation) || OPTIONAL.contains(&operation.as_str()),
            "{operation}: {}",
            answer.text()
        );
    }
}

async fn a_foreign_id_and_an_unknown_id_return_the_same_response_s22(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    for operation in served_operations(&actors.acme.api()).await.iter().filter(|line| line.contains('{')) {
        let request = request(&actors, operation).await;
        let hidden = actors.stranger.call(request.method.clone(), &request.path, request.body.as_ref()).await;
        let path = requests::with_ids(operation, |_| UNKNOWN_ID.to_owned());
        let absent = actors.stranger.call(request.method, &path, request.body.as_ref()).await;
        assert_eq!(requests::shape(&hidden), requests::shape(&absent), "{operation}");
        if operation.contains(" /v1/") {
            hidden.failure(404);
        } else {
            hidden.problem(404, hidden.json()["code"].as_str().unwrap_or_default());
        }
    }
}

async fn an_api_key_cannot_reach_another_application_s134(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let own = actors.actor("key");
    for operation in ["GET /api/v1/apps/{appId}/inventory", "POST /api/v1/apps/{appId}/inventory"] {
        let request = request(&actors, operation).await;
        let absent = requests::with_ids(operation, |_| UNKNOWN_ID.to_owned());
        let absent = own.call(request.method.clone(), &absent, request.body.as_ref()).await;
        for other in [&actors.sibling_app, &actors.foreign_app] {
            let path = requests::with_ids(operation, |_| other.clone());
            let answer = own.call(request.method.clone(), &path, request.body.as_ref()).await;
            answer.problem(404, "application_not_found");
            assert_eq!(requests::shape(&answer), requests::shape(&absent), "{operation}");
        }
    }
}

/// A key can reach the users of its own organization, whichever application of the organization it belongs to.
async fn an_api_key_reaches_only_the_users_of_its_organization_s134(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let absent = format!("/orgs/{UNKNOWN_ID}/custom-system-data");
    let absent = actors.actor("foreign_key").get(&absent).await;
    absent.problem(404, "organization_not_found");
    let path = format!("/orgs/{}/custom-system-data", actors.acme.org);
    let hidden = actors.actor("foreign_key").get(&path).await;
    assert_eq!(requests::shape(&hidden), requests::shape(&absent));
    for name in ["key", "sibling_key"] {
        actors.actor(name).get(&path).await.is(200);
    }
}

async fn an_api_key_is_rejected_where_a_user_is_required_s141(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let key = actors.actor("key");
    let reachable = |operation: &str| operation.ends_with("/inventory") || operation.contains("/custom-system-data");
    let for_organization_keys = accepting(&actors.acme.api(), "organization_key").await;
    let listed = read_workspace_file("tests/public-operations.txt");
    for operation in served_operations(&actors.acme.api()).await {
        if reachable(&operation) || listed.lines().any(|line| line == operation) {
            continue;
        }
        let request = request(&actors, &operation).await;
        let answer = key.call(request.method, &request.path, request.body.as_ref()).await;
        if operation.contains(" /v1/") {
            answer.failure(403);
        } else if for_organization_keys.contains(&operation) {
            answer.problem(403, "organization_key_required");
        } else {
            answer.problem(403, "user_token_required");
        }
    }
}

async fn an_organization_key_is_rejected_where_a_user_is_required_s141(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let accepted = accepting(&actors.acme.api(), "organization_key").await;
    assert_eq!(accepted.len(), 35, "{accepted:?}");
    let listed = read_workspace_file("tests/public-operations.txt");
    for operation in served_operations(&actors.acme.api()).await {
        if accepted.contains(&operation) || listed.lines().any(|line| line == operation) {
            continue;
        }
        for name in ["personal_write", "account_key"] {
            let request = request(&actors, &operation).await;
            let answer = actors.actor(name).call(request.method, &request.path, request.body.as_ref()).await;
            answer.problem(403, "user_token_required");
        }
    }
}

async fn an_expired_api_key_is_rejected_s138(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let answer = actors.acme.verify(&actors.expired).await;
    assert_eq!((&answer["valid"], &answer["code"]), (&false.into(), &"expired".into()));
    assert!(answer["expires_at"].is_string(), "{answer}");
    actors.actor("expired_key").get(&actors.acme.inventory()).await.problem(401, "invalid_token");
}

async fn an_api_key_is_accepted_in_both_headers(backend: Backend) {
    let actors = Actors::assemble(backend).await;
    let key = actors.acme.key().await.raw;
    let inventory = actors.acme.inventory();
    actors.acme.api().key(&key).get(&inventory).await.is(200);
    actors.acme.api().bearer(&key).get(&inventory).await.is(200);
}
