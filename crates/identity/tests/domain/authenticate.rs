//! Authentication with access tokens.

use std::sync::Arc;

use tessera_identity::{
    AuthenticateError, Identity, IdentityPorts,
    model::Session,
    ports::{AccessClaims, MockIdentityStore, MockSessionJobs, TokenSigner},
};
use tessera_kernel::{Actor, Clock as _, Principal, StoreError, UserId};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_with, origin, session, session_id, user, user_id},
    expectations::{failed, ok, some},
};
use time::{Duration, OffsetDateTime};

/// A token of the session that names the user as its subject.
fn token(bench: &Workbench, session: &Session, user: UserId) -> String {
    let claims = AccessClaims {
        user,
        session: session.id,
        token_id: session.id.as_uuid(),
        issued_at: session.created_at,
        expires_at: session.expires_at,
    };
    ok(bench.signer.sign(&claims)).expose().clone()
}

/// User 1 with an open session, and the token of this session.
async fn signed_in() -> (Workbench, String) {
    let bench = Workbench::new();
    let session = session(1, user_id(1));
    bench.stores.add_users([&user(1), &user(2)]).await;
    bench.stores.add_session(&session).await;
    let token = token(&bench, &session, user_id(1));
    (bench, token)
}

const INVALID: &str = "the token is not valid";
const EXPIRED: &str = "the token has expired";
const ENDED: &str = "the session has ended";

async fn is_refused(bench: &Workbench, token: &str, why: &str) {
    let error = failed(bench.identity().authenticate(token).await);
    assert_eq!(error.to_string(), why);
}

#[tokio::test]
async fn a_valid_token_authenticates_its_user_and_session() {
    let (bench, token) = signed_in().await;
    let principal = ok(bench.identity().authenticate(&token).await);
    let (id, authenticated_at) = (user_id(1), session(1, user_id(1)).created_at);
    let expected =
        Principal::User { id, session: session_id(1), authenticated_at, checked_at: bench.clock.now(), mfa: false };
    assert_eq!(principal, expected);
}

#[tokio::test]
async fn a_text_that_is_no_token_is_refused() {
    let (bench, token) = signed_in().await;
    for text in ["", "token", &token[1..]] {
        is_refused(&bench, text, INVALID).await;
    }
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_refused() {
    let (bench, token) = signed_in().await;
    ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    is_refused(&bench, &token, ENDED).await;
}

#[tokio::test]
async fn a_session_is_valid_until_its_expiry() {
    let (bench, token) = signed_in().await;
    bench.clock.set(session(1, user_id(1)).expires_at - Duration::MICROSECOND);
    ok(bench.identity().authenticate(&token).await);
}

#[tokio::test]
async fn recent_authentication_does_not_depend_on_the_node_clock_s53() {
    let (bench, token) = signed_in().await;
    let began = session(1, user_id(1)).created_at;
    for (age, recent) in [(Duration::minutes(5) - Duration::MICROSECOND, true), (Duration::minutes(5), false)] {
        bench.clock.set(began + age);
        for wrong_by in [Duration::ZERO, -Duration::HOUR, Duration::HOUR, -Duration::days(400), Duration::days(400)] {
            let principal = ok(bench.identity_with_clock(wrong_by).authenticate(&token).await);
            let actor = Actor { principal, origin: origin() };
            assert_eq!(actor.is_recent(), recent, "{age} old, wrong by {wrong_by}");
        }
    }
    bench.clock.set(session(1, user_id(1)).expires_at);
    for wrong_by in [-Duration::HOUR, Duration::HOUR] {
        let error = failed(bench.identity_with_clock(wrong_by).authenticate(&token).await);
        assert!(matches!(error, AuthenticateError::SessionEnded), "wrong by {wrong_by}: {error:?}");
    }
}

#[test]
fn token_times_are_checked_with_30_seconds_of_leeway_s64() {
    let (issued_at, expires_at) = (NOW, NOW + Duration::HOUR);
    let (user, session, token_id) = (user_id(1), session_id(1), session_id(1).as_uuid());
    let claims = AccessClaims { user, session, token_id, issued_at, expires_at };
    let leeway = Duration::seconds(30);
    for (time, good) in [
        (issued_at - leeway - Duration::MICROSECOND, false),
        (issued_at - leeway, true),
        (expires_at + leeway - Duration::MICROSECOND, true),
        (expires_at + leeway, false),
    ] {
        assert_eq!(claims.is_valid_at(time), good, "at {time}");
    }
}

#[tokio::test]
async fn an_expired_or_future_token_of_an_open_session_is_rejected() {
    let (bench, _) = signed_in().await;
    let open = session(1, user_id(1));
    let times = |created_at, expires_at| Session { created_at, expires_at, ..open.clone() };
    let over = times(open.created_at - Duration::HOUR, bench.clock.now() - Duration::MINUTE);
    let to_come = times(bench.clock.now() + Duration::MINUTE, open.expires_at);
    for (session, why) in [(over, EXPIRED), (to_come, INVALID)] {
        let token = token(&bench, &session, user_id(1));
        is_refused(&bench, &token, why).await;
    }
}

#[tokio::test]
async fn an_expired_session_is_refused_though_the_signer_is_lenient() {
    let (bench, token) = signed_in().await;
    bench.clock.set(session(1, user_id(1)).expires_at);
    ok(bench.signer.verify(&token));
    is_refused(&bench, &token, ENDED).await;
    bench.clock.advance(Duration::MINUTE);
    is_refused(&bench, &token, EXPIRED).await;
}

#[tokio::test]
async fn a_token_of_an_unknown_session_is_refused() {
    let (bench, _) = signed_in().await;
    let token = token(&bench, &session(2, user_id(1)), user_id(1));
    is_refused(&bench, &token, ENDED).await;
}

#[tokio::test]
async fn a_token_for_the_session_of_another_user_is_rejected() {
    let (bench, _) = signed_in().await;
    let token = token(&bench, &session(1, user_id(1)), user_id(2));
    is_refused(&bench, &token, INVALID).await;
}

#[tokio::test]
async fn a_store_failure_is_not_reported_as_an_invalid_token() {
    let (bench, token) = signed_in().await;
    let mut store = MockIdentityStore::new();
    store.expect_find_session().returning(|_| Err(StoreError::Busy));
    let ports = IdentityPorts { store: Arc::new(store), ..bench.identity_ports() };
    let error = failed(Identity::new(ports, Workbench::identity_settings()).authenticate(&token).await);
    assert!(matches!(error, AuthenticateError::Store(StoreError::Busy)), "{error:?}");
}

#[tokio::test]
async fn an_invalid_token_causes_no_storage_access() {
    let bench = Workbench::new();
    let ports = IdentityPorts { store: Arc::new(MockIdentityStore::new()), ..bench.identity_ports() };
    failed(Identity::new(ports, Workbench::identity_settings()).authenticate("forged").await);
}

async fn last_used_at(bench: &Workbench) -> OffsetDateTime {
    some(ok(bench.stores.identity.find_session(session_id(1)).await)).session.last_used_at
}

#[tokio::test]
async fn a_request_is_a_use_of_the_session_that_is_written_later() {
    let (bench, token) = signed_in().await;
    let identity = bench.identity();
    bench.clock.advance(Duration::MINUTE);
    ok(identity.authenticate(&token).await);
    assert_eq!(last_used_at(&bench).await, NOW);
    assert_eq!(ok(identity.record_session_uses().await), 1);
    assert_eq!(last_used_at(&bench).await, NOW + Duration::MINUTE);
    assert_eq!(ok(identity.record_session_uses().await), 0);
}

#[tokio::test]
async fn uses_within_a_minute_of_the_written_one_write_nothing() {
    let (bench, token) = signed_in().await;
    let identity = bench.identity();
    for _ in 0..4 {
        bench.clock.advance(Duration::seconds(10));
        ok(identity.authenticate(&token).await);
        assert_eq!(ok(identity.record_session_uses().await), 0);
    }
    // Of several uses that are not written yet, the last one counts, and all are one write.
    for _ in 0..3 {
        bench.clock.advance(Duration::seconds(10));
        ok(identity.authenticate(&token).await);
    }
    assert_eq!(ok(identity.record_session_uses().await), 1);
    assert_eq!(last_used_at(&bench).await, NOW + Duration::seconds(70));
}

#[tokio::test]
async fn a_rejected_token_is_not_a_use() {
    let (bench, _) = signed_in().await;
    let identity = bench.identity();
    bench.clock.advance(Duration::HOUR);
    let token = token(&bench, &session(1, user_id(1)), user_id(2));
    failed(identity.authenticate(&token).await);
    assert_eq!(ok(identity.record_session_uses().await), 0);
}

#[tokio::test]
async fn uses_that_could_not_be_written_are_written_by_the_next_call() {
    let (bench, token) = signed_in().await;
    let mut jobs = MockSessionJobs::new();
    jobs.expect_record_uses().times(1).return_once(|_| Err(StoreError::Busy));
    let expected = [(session_id(1), NOW + Duration::MINUTE)];
    jobs.expect_record_uses().times(1).withf(move |uses| uses == expected).return_once(|_| Ok(()));
    let ports = IdentityPorts { session_jobs: Arc::new(jobs), ..bench.identity_ports() };
    let identity = Identity::new(ports, Workbench::identity_settings());
    bench.clock.advance(Duration::MINUTE);
    ok(identity.authenticate(&token).await);
    assert!(matches!(failed(identity.record_session_uses().await), StoreError::Busy));
    assert_eq!(ok(identity.record_session_uses().await), 1);
    assert_eq!(ok(identity.record_session_uses().await), 0);
}
