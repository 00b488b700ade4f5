//! Changes to the user's own account that depend on the clock.

use std::sync::Arc;

use serde_json::json;
use tessera_identity::ports::{AccessClaims, TokenSigner};
use tessera_testkit::{
    builders::{bare_user, session, user_id},
    expectations::ok,
    fakes::{FixedClock, MemoryStore},
};
use time::Duration;
use uuid::Uuid;

use crate::support::{TestReadiness, TestServer, WithCredentials, faults, put};

const NEW: &str = "battery staple";

/// A user without a password, as a wallet sign-in creates it, and the token of a new session.
async fn wallet_user() -> (TestServer, String) {
    let clock = Arc::new(FixedClock::default());
    let stores = MemoryStore::with_clock(clock.clone()).stores();
    let session = session(1, user_id(1));
    stores.add_users([&bare_user(1)]).await;
    stores.add_session(&session).await;
    let server = TestServer::with_clock(stores, clock, TestReadiness::Ready, "http://localhost:8080");
    let claims = AccessClaims {
        user: session.user_id,
        session: session.id,
        token_id: Uuid::nil(),
        issued_at: session.created_at,
        expires_at: session.expires_at,
    };
    let token = ok(server.signer.sign(&claims)).expose().clone();
    (server, token)
}

#[actix_web::test]
async fn a_first_password_requires_no_current_password_s15() {
    let (server, token) = wallet_user().await;
    server.clock.advance(Duration::minutes(5) - Duration::SECOND);
    let first = || put("/users/me/password").set_json(json!({ "new_password": NEW })).bearer(&token);
    server.send(first()).await.expecting(204);
    let again = server.send(first()).await.problem(400, "invalid_body");
    assert_eq!(faults(&again), [("/current_password".to_owned(), "required".to_owned())]);
}

#[actix_web::test]
async fn a_first_password_requires_recent_authentication_s53() {
    let (server, token) = wallet_user().await;
    server.clock.advance(Duration::minutes(5));
    for current in [json!(null), json!("anything")] {
        let body = json!({ "current_password": current, "new_password": NEW });
        let answer = server.send(put("/users/me/password").set_json(body).bearer(&token)).await;
        if current.is_null() {
            answer.problem(403, "reauthentication_required");
        } else {
            let fault = ("/current_password".to_owned(), "wrong_password".to_owned());
            assert_eq!(faults(&answer.problem(400, "invalid_body")), [fault]);
        }
    }
}
