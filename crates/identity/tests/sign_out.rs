//! A user ends the session they came with.

use tessera_identity::{SignOutError, model::SessionState};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_key, actor_with, api_key, application, organization_id, session, session_id, user, user_id,
    },
    expectations::{failed, ok, some},
};
use time::Duration;

async fn with_sessions(numbers: &[u32]) -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    for number in numbers {
        bench.stores.add_session(&session(*number, user_id(1))).await;
    }
    bench
}

async fn state(bench: &Workbench, number: u32) -> SessionState {
    some(ok(bench.stores.identity.find_session(session_id(number)).await)).state
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let bench = with_sessions(&[1]).await;
    bench.clock.advance(Duration::MINUTE);
    ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    assert_eq!(state(&bench, 1).await, SessionState::Ended { at: NOW + Duration::MINUTE });
}

#[tokio::test]
async fn other_sessions_of_the_user_stay() {
    let bench = with_sessions(&[1, 2]).await;
    ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    assert_eq!(state(&bench, 2).await, SessionState::Open);
}

#[tokio::test]
async fn signing_out_is_announced_once() {
    let bench = with_sessions(&[1]).await;
    for _ in 0..2 {
        ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    }
    let events = bench.events(None).await;
    assert_eq!((events.len(), events[0].name.as_str()), (1, "session.ended"));
    assert_eq!(events[0].subject, Some(session_id(1).as_uuid()));
    assert_eq!(events[0].actor, Some(("user".to_owned(), user_id(1).as_uuid())));
}

#[tokio::test]
async fn signing_out_again_changes_nothing() {
    let bench = with_sessions(&[1]).await;
    ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    bench.clock.advance(Duration::HOUR);
    ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    assert_eq!(state(&bench, 1).await, SessionState::Ended { at: NOW });
}

#[tokio::test]
async fn an_application_has_no_session_to_end() {
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(Workbench::new().identity().sign_out(&actor_by_key(&key)).await);
    assert!(matches!(error, SignOutError::NotAUser), "{error:?}");
}
