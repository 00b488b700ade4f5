//! Password sign-in.

use std::sync::Arc;

use tessera_identity::{
    Identity, IdentityPorts, IdentityQuotas, SignIn, SignInError, SignedIn,
    model::{HashCost, PasswordAttempt, PasswordHash, SessionRequest, SessionState},
    ports::{AccessClaims, HashError, Requester, TokenError, TokenSigner},
};
use tessera_kernel::{Outcome, Secret, limit};
use tessera_testkit::{
    Stores, Workbench,
    builders::{NOW, device, origin, user, user_id},
    expectations::{failed, ok, parsed, some},
    fakes::OvertakenHasher,
};
use time::Duration;

const PASSWORD: &str = "correct horse";

fn command(email: &str, password: &str) -> SignIn {
    SignIn {
        email: email.to_owned(),
        password: PasswordAttempt::new(password),
        device: device(),
        origin: origin(),
        session: SessionRequest::default(),
    }
}

async fn sign_in(bench: &Workbench, email: &str, password: &str) -> Result<SignedIn, SignInError> {
    bench.identity().sign_in(command(email, password)).await
}

async fn is_refused(bench: &Workbench, email: &str, password: &str) {
    let error = failed(sign_in(bench, email, password).await);
    assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
    assert!(!bench.actions(None).await.contains(&"session.started".to_owned()));
}

async fn stored_hash(stores: &Stores) -> Option<PasswordHash> {
    some(ok(stores.identity.find_credentials(&parsed("user1@example.com")).await)).password_hash
}

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let bench = Workbench::new();
    let user = bench.user_with_password(1, PASSWORD).await;
    let signed_in = ok(sign_in(&bench, "User1@Example.com", PASSWORD).await);
    let claims = ok(bench.signer.verify(signed_in.token.expose()));
    let session = some(ok(bench.stores.identity.find_session(claims.session).await)).session;
    assert_eq!((signed_in.user, session.user_id, claims.user), (user.clone(), user.id, user.id));
    assert_eq!(session.state, SessionState::Open);
}

#[tokio::test]
async fn a_session_and_its_token_end_together_in_whole_seconds() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    let signed_in = ok(sign_in(&bench, "user1@example.com", PASSWORD).await);
    let claims = ok(bench.signer.verify(signed_in.token.expose()));
    let session = some(ok(bench.stores.identity.find_session(claims.session).await)).session;
    let now = ok(NOW.replace_nanosecond(0));
    assert_eq!((session.created_at, claims.issued_at), (now, now));
    let end = now + Duration::hours(12);
    assert_eq!((session.expires_at, claims.expires_at, signed_in.expires_at), (end, end, end));
}

#[tokio::test]
async fn each_sign_in_has_a_session_and_a_token_of_its_own() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    let one = ok(bench.signer.verify(ok(sign_in(&bench, "user1@example.com", PASSWORD).await).token.expose()));
    let other = ok(bench.signer.verify(ok(sign_in(&bench, "user1@example.com", PASSWORD).await).token.expose()));
    assert_ne!((one.session, one.token_id), (other.session, other.token_id));
    assert_ne!(one.token_id, other.token_id);
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    is_refused(&bench, "user1@example.com", "correct hors").await;
    assert_eq!((bench.hasher.verified(), bench.hasher.verified_without_hash()), (1, 0));
}

#[tokio::test]
async fn an_unknown_address_costs_one_comparison_too() {
    let bench = Workbench::new();
    is_refused(&bench, "unknown@example.com", PASSWORD).await;
    assert_eq!((bench.hasher.verified(), bench.hasher.verified_without_hash()), (1, 1));
}

#[tokio::test]
async fn a_text_that_is_no_address_costs_one_comparison_too() {
    let bench = Workbench::new();
    is_refused(&bench, "not an address", PASSWORD).await;
    assert_eq!((bench.hasher.verified(), bench.hasher.verified_without_hash()), (1, 1));
}

#[tokio::test]
async fn an_account_without_a_password_costs_one_comparison_too() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    is_refused(&bench, "user1@example.com", PASSWORD).await;
    assert_eq!((bench.hasher.verified(), bench.hasher.verified_without_hash()), (1, 1));
}

/// The hasher does the same work for each of these attempts, because it gets the same costs: see
/// `PasswordHasher::verify`.
#[tokio::test]
async fn every_failed_sign_in_is_compared_at_all_stored_hash_costs_s17() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench.hasher.outdate();
    bench.user_with_password(2, PASSWORD).await;
    bench.stores.add_users([&user(3)]).await;
    let expected: Vec<HashCost> = ["$fake$g=0$", "$fake$g=1$"].map(|cost| HashCost::from_phc(cost.to_owned())).into();
    for email in ["user1@example.com", "user2@example.com", "user3@example.com", "unknown@example.com", "no address"] {
        is_refused(&bench, email, "correct hors").await;
        let (costs, requester) = some(bench.hasher.last());
        assert_eq!((costs, requester), (expected.clone(), requester_of_tests()), "{email}");
    }
    assert_eq!(bench.hasher.verified(), 5);
    // The old cost is deleted with the last hash that has it.
    ok(sign_in(&bench, "user1@example.com", PASSWORD).await);
    assert_eq!(ok(bench.identity().delete_unused_hash_costs().await), 1);
    is_refused_later(&bench, "unknown@example.com").await;
    assert_eq!(some(bench.hasher.last()).0, expected[1..]);
}

fn requester_of_tests() -> Requester {
    Requester::unknown(&origin())
}

async fn is_refused_later(bench: &Workbench, email: &str) {
    let error = failed(sign_in(bench, email, "correct hors").await);
    assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
}

#[tokio::test]
async fn a_device_that_has_signed_in_before_is_known_to_the_queue() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench.user_with_password(2, PASSWORD).await;
    let known = async |email: &str, password: &str| {
        drop(sign_in(&bench, email, password).await);
        some(bench.hasher.last()).1.known
    };
    assert!(!known("user1@example.com", PASSWORD).await);
    assert!(known("user1@example.com", PASSWORD).await);
    assert!(known("user1@example.com", "wrong").await);
    assert!(!known("user2@example.com", "wrong").await);
    assert!(!known("unknown@example.com", "wrong").await);
}

#[tokio::test]
async fn a_session_begins_by_the_clock_of_the_storage() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    for wrong_by in [-Duration::HOUR, Duration::HOUR] {
        let signed_in = ok(bench.identity_with_clock(wrong_by).sign_in(command("user1@example.com", PASSWORD)).await);
        let claims = ok(bench.signer.verify(signed_in.token.expose()));
        let known = some(ok(bench.stores.identity.find_session(claims.session).await));
        let now = ok(NOW.replace_nanosecond(0));
        assert_eq!((known.session.created_at, claims.issued_at, known.at), (now, now, NOW), "wrong by {wrong_by}");
    }
}

#[tokio::test]
async fn a_password_that_is_too_long_is_refused_unhashed() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    is_refused(&bench, "user1@example.com", &"x".repeat(129)).await;
    is_refused(&bench, "unknown@example.com", &"x".repeat(1_000_000)).await;
    assert_eq!(bench.hasher.verified(), 0);
}

#[tokio::test]
async fn a_password_may_be_typed_decomposed() {
    let bench = Workbench::new();
    bench.user_with_password(1, "p\u{e4}ssword123").await;
    ok(sign_in(&bench, "user1@example.com", "pa\u{308}ssword123").await);
}

#[tokio::test]
async fn an_outdated_hash_is_renewed() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench.hasher.outdate();
    ok(sign_in(&bench, "user1@example.com", PASSWORD).await);
    assert_eq!(stored_hash(&bench.stores).await, Some(bench.hasher.hash_of(PASSWORD)));
    ok(sign_in(&bench, "user1@example.com", PASSWORD).await);
    assert_eq!(bench.hasher.hashed(), 1);
}

#[tokio::test]
async fn an_outdated_hash_is_not_renewed_by_a_wrong_password() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    let before = stored_hash(&bench.stores).await;
    bench.hasher.outdate();
    is_refused(&bench, "user1@example.com", "wrong horse").await;
    assert_eq!((stored_hash(&bench.stores).await, bench.hasher.hashed()), (before, 0));
}

/// An identity service whose stored hash is replaced by a hash of the password during the sign-in.
fn overtaken(bench: &Workbench, password: &'static str) -> Identity {
    OvertakenHasher::identity(bench, bench.stores.identity.clone(), user(1), password)
}

async fn sign_in_while_the_password_changes(bench: &Workbench) {
    let identity = overtaken(bench, "another one");
    let error = failed(identity.sign_in(command("user1@example.com", PASSWORD)).await);
    assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
    assert_eq!(stored_hash(&bench.stores).await, Some(bench.hasher.hash_of("another one")));
    assert!(!bench.actions(None).await.contains(&"session.started".to_owned()));
}

#[tokio::test]
async fn a_password_changed_during_its_check_is_rejected() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    sign_in_while_the_password_changes(&bench).await;
}

#[tokio::test]
async fn a_hash_that_another_sign_in_renewed_meanwhile_is_compared_anew() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench.hasher.outdate();
    ok(overtaken(&bench, PASSWORD).sign_in(command("user1@example.com", PASSWORD)).await);
    assert_eq!(stored_hash(&bench.stores).await, Some(bench.hasher.hash_of(PASSWORD)));
}

#[tokio::test]
async fn a_renewed_hash_does_not_undo_a_change_of_password() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench.hasher.outdate();
    sign_in_while_the_password_changes(&bench).await;
}

#[tokio::test]
async fn a_busy_hasher_is_not_reported_as_a_wrong_password() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench.hasher.become_busy();
    // Nor does it count as one.
    for _ in 0..=limit::SIGN_IN.quota {
        let error = failed(sign_in(&bench, "user1@example.com", PASSWORD).await);
        assert!(matches!(error, SignInError::Hash(HashError::Busy { .. })), "{error:?}");
    }
}

struct BrokenSigner;

impl TokenSigner for BrokenSigner {
    fn sign(&self, _: &AccessClaims) -> Result<Secret<String>, TokenError> {
        Err(TokenError::Signing("no key".into()))
    }

    fn verify(&self, _: &str) -> Result<AccessClaims, TokenError> {
        Err(TokenError::Invalid)
    }
}

#[tokio::test]
async fn a_session_without_a_token_is_not_opened() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    let ports = IdentityPorts { signer: Arc::new(BrokenSigner), ..bench.identity_ports() };
    let identity = Identity::new(ports, Workbench::identity_settings());
    let error = failed(identity.sign_in(command("user1@example.com", PASSWORD)).await);
    assert!(matches!(error, SignInError::Token(_)), "{error:?}");
    assert!(bench.actions(None).await.is_empty());
}

#[tokio::test]
async fn a_sign_in_is_audited() {
    let bench = Workbench::new();
    let user = bench.user_with_password(1, PASSWORD).await;
    let token = ok(sign_in(&bench, "user1@example.com", PASSWORD).await).token;
    let session = ok(bench.signer.verify(token.expose())).session;
    let event = bench.events(None).await.remove(0);
    assert_eq!((event.name.as_str(), event.outcome), ("session.started", Outcome::Success));
    assert_eq!(event.subject, Some(session.as_uuid()));
    assert_eq!((event.details, event.origin), (vec![("user_id".to_owned(), user.id.to_string())], origin()));
}

#[tokio::test]
async fn a_rejected_sign_in_is_audited_with_its_account() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    failed(sign_in(&bench, "user1@example.com", "wrong horse").await);
    let event = bench.events(None).await.remove(0);
    assert_eq!((event.name.as_str(), event.outcome), ("session.refused", Outcome::Refused));
    assert_eq!((event.subject, event.origin), (Some(user_id(1).as_uuid()), origin()));
}

#[tokio::test]
async fn a_rejected_sign_in_of_an_unknown_account_is_audited_without_a_user() {
    let bench = Workbench::new();
    failed(sign_in(&bench, "unknown@example.com", PASSWORD).await);
    let event = bench.events(None).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject, event.details), ("session.refused", None, Vec::new()));
}

#[tokio::test]
async fn a_sign_in_over_the_quota_ends_the_oldest_session_s215() {
    let bench = Workbench::new();
    let user = bench.user_with_password(1, PASSWORD).await;
    let sessions = IdentityQuotas::default().sessions.with_maximum(2);
    let identity = bench.identity().with_quotas(IdentityQuotas { sessions, ..IdentityQuotas::default() });
    let mut opened = Vec::new();
    for _ in 0..3 {
        let signed_in = ok(identity.sign_in(command("user1@example.com", PASSWORD)).await);
        opened.push(ok(bench.signer.verify(signed_in.token.expose())).session);
        bench.clock.advance(Duration::SECOND);
    }
    let mut live = Vec::new();
    for id in opened {
        let session = some(ok(bench.stores.identity.find_session(id).await));
        live.push(session.session.state == SessionState::Open);
    }
    assert_eq!(live, [false, true, true]);
    let started = "session.started";
    assert_eq!(bench.actions(None).await, [started, started, started, "sessions.ended"]);
    let events = bench.events(None).await;
    let ended = some(events.iter().find(|event| event.name == "sessions.ended"));
    assert_eq!(
        (ended.subject, &*ended.details),
        (Some(user.id.as_uuid()), &[("sessions_ended".into(), "1".into())][..])
    );
}
