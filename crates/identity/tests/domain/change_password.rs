//! Changing a password and setting the first one.

use std::sync::Arc;

use tessera_identity::{
    ChangePassword, ChangePasswordError, Identity, NewPasswordError, SessionError,
    model::{PasswordAttempt, SessionState},
};
use tessera_kernel::{Actor, Outcome};
use tessera_testkit::{
    Workbench,
    builders::{actor_with, bare_user, key_actor, session, session_id, user, user_id},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

/// User 1 with a password and three sessions, and user 2 with one session.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.user_with_password(1, OLD).await;
    bench.user_with_password(2, OLD).await;
    for number in 1..=3 {
        bench.stores.add_session(&session(number, user_id(1))).await;
    }
    bench.stores.add_session(&session(4, user_id(2))).await;
    bench
}

/// A user without a password, in a session that starts now.
async fn wallet_bench() -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&bare_user(1)]).await;
    bench.stores.add_session(&session(1, user_id(1))).await;
    bench
}

fn actor() -> Actor {
    actor_with(&session(1, user_id(1)))
}

fn command(current: Option<&str>, new: &str) -> ChangePassword {
    ChangePassword { current: current.map(PasswordAttempt::new), new: parsed(new) }
}

async fn change(bench: &Workbench, current: Option<&str>, new: &str) -> Result<(), ChangePasswordError> {
    bench.identity().change_password(&actor(), command(current, new)).await
}

async fn has(bench: &Workbench, password: &str) -> bool {
    let known = some(ok(bench.stores.identity.find_credentials_of(user_id(1)).await));
    known.password_hash == Some(bench.hasher.hash_of(password))
}

async fn is_open(bench: &Workbench, number: u32) -> bool {
    some(ok(bench.stores.identity.find_session(session_id(number)).await)).session.state == SessionState::Open
}

#[tokio::test]
async fn a_password_change_replaces_the_current_password() {
    let bench = bench().await;
    ok(change(&bench, Some(OLD), NEW).await);
    assert!(has(&bench, NEW).await);
}

#[tokio::test]
async fn a_password_change_requires_an_open_session_s8() {
    let bench = bench().await;
    ok(bench.identity().sign_out_everywhere(&actor()).await);
    let error = failed(change(&bench, Some(OLD), NEW).await);
    assert!(matches!(error, ChangePasswordError::Session(SessionError::SessionEnded)), "{error:?}");
    assert!(has(&bench, OLD).await);
}

#[tokio::test]
async fn a_password_change_ends_all_other_sessions_s9() {
    let bench = bench().await;
    ok(change(&bench, Some(OLD), NEW).await);
    let open = [is_open(&bench, 1).await, is_open(&bench, 2).await, is_open(&bench, 3).await, is_open(&bench, 4).await];
    assert_eq!(open, [true, false, false, true]);
}

#[tokio::test]
async fn a_password_change_requires_the_current_password_s8() {
    let bench = bench().await;
    for wrong in ["correct hors", NEW, "", &"x".repeat(5000)] {
        let error = failed(change(&bench, Some(wrong), NEW).await);
        assert!(matches!(error, ChangePasswordError::CurrentWrong), "{error:?}");
    }
    let error = failed(change(&bench, None, NEW).await);
    assert!(matches!(error, ChangePasswordError::CurrentMissing), "{error:?}");
    assert!(has(&bench, OLD).await && is_open(&bench, 2).await);
    assert_eq!(bench.hasher.hashed(), 0);
}

#[tokio::test]
async fn a_new_password_obeys_the_rules() {
    let bench = bench().await;
    let error = failed(change(&bench, Some(OLD), "password").await);
    assert!(matches!(error, ChangePasswordError::NewPassword(NewPasswordError::WeakPassword(_))), "{error:?}");
    let mut settings = Workbench::identity_settings();
    settings.min_password_length = 15;
    let strict = Identity::new(bench.identity_ports(), settings);
    let error = failed(strict.change_password(&actor(), command(Some(OLD), NEW)).await);
    assert!(matches!(error, ChangePasswordError::NewPassword(NewPasswordError::Length(_))), "{error:?}");
    assert!(has(&bench, OLD).await);
}

#[tokio::test]
async fn passwords_are_normalized_to_nfc_s6() {
    let bench = bench().await;
    ok(change(&bench, Some(OLD), "cafe\u{301} lantern").await);
    assert!(has(&bench, "caf\u{e9} lantern").await);
    ok(change(&bench, Some("cafe\u{301} lantern"), NEW).await);
    assert!(has(&bench, NEW).await);
}

#[tokio::test]
async fn a_first_password_requires_no_current_password_s15() {
    let bench = wallet_bench().await;
    bench.clock.advance(Duration::minutes(5) - Duration::SECOND);
    ok(change(&bench, None, NEW).await);
    assert!(has(&bench, NEW).await);
    let error = failed(change(&bench, None, OLD).await);
    assert!(matches!(error, ChangePasswordError::CurrentMissing), "{error:?}");
}

#[tokio::test]
async fn a_first_password_requires_recent_authentication_s53() {
    let bench = wallet_bench().await;
    bench.clock.advance(Duration::minutes(5));
    let error = failed(change(&bench, None, NEW).await);
    assert!(matches!(error, ChangePasswordError::Session(SessionError::ReauthenticationRequired)), "{error:?}");
    let error = failed(change(&bench, Some(NEW), NEW).await);
    assert!(matches!(error, ChangePasswordError::CurrentWrong), "{error:?}");
    assert!(!has(&bench, NEW).await);
}

#[tokio::test]
async fn the_current_password_is_sufficient_in_an_old_session() {
    let bench = bench().await;
    bench.clock.advance(Duration::hours(11));
    ok(change(&bench, Some(OLD), NEW).await);
}

#[tokio::test]
async fn a_password_with_an_outdated_hash_can_be_changed() {
    let bench = bench().await;
    bench.hasher.outdate();
    ok(change(&bench, Some(OLD), NEW).await);
    assert!(has(&bench, NEW).await);
}

#[tokio::test]
async fn password_changes_and_wrong_attempts_are_audited() {
    let bench = bench().await;
    drop(failed(change(&bench, Some("wrong"), NEW).await));
    ok(change(&bench, Some(OLD), NEW).await);
    let events = bench.events(None).await;
    let told: Vec<_> = events.iter().map(|event| (event.name.as_str(), event.outcome)).collect();
    assert_eq!(told, [("password.change_refused", Outcome::Refused), ("password.changed", Outcome::Success)]);
    assert!(events.iter().all(|event| event.subject == Some(user_id(1).as_uuid())));
    assert_eq!(events[1].details, [("sessions_ended".to_owned(), "2".to_owned())]);
    let text = format!("{events:?}");
    assert!(!text.contains(OLD) && !text.contains(NEW) && !text.contains("wrong"));
}

#[tokio::test]
async fn one_of_eight_concurrent_password_changes_succeeds() {
    let bench = bench().await;
    let identity = Arc::new(bench.identity());
    let results = concurrently(8, |number| {
        let (identity, command) = (Arc::clone(&identity), command(Some(OLD), &format!("{NEW} {number}")));
        async move { identity.change_password(&actor(), command).await }
    });
    assert_eq!(results.await.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn an_application_or_a_deleted_user_cannot_change_a_password() {
    let bench = bench().await;
    let key = key_actor();
    for actor in [key, actor_with(&session(1, user_id(9)))] {
        let error = failed(bench.identity().change_password(&actor, command(Some(OLD), NEW)).await);
        assert!(matches!(error, ChangePasswordError::NotFound), "{error:?}");
    }
    assert_eq!(some(ok(bench.stores.identity.find_user(user_id(1)).await)), user(1));
}
