//! Sign-out: ending the current session, another one, or all sessions.

use tessera_identity::{SessionError, SignOutError, model::SessionState};
use tessera_kernel::PageRequest;
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_at, actor_by_key, actor_with, api_key, application, organization_id, session, session_id, user,
        user_id,
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
    some(ok(bench.stores.identity.find_session(session_id(number)).await)).session.state
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let bench = with_sessions(&[1]).await;
    let at = NOW + Duration::MINUTE;
    ok(bench.identity().sign_out(&actor_at(&session(1, user_id(1)), at)).await);
    assert_eq!(state(&bench, 1).await, SessionState::Ended { at });
}

#[tokio::test]
async fn other_sessions_of_the_user_stay() {
    let bench = with_sessions(&[1, 2]).await;
    ok(bench.identity().sign_out(&actor_with(&session(1, user_id(1)))).await);
    assert_eq!(state(&bench, 2).await, SessionState::Open);
}

#[tokio::test]
async fn sign_out_is_audited_once() {
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
    ok(bench.identity().sign_out(&actor_at(&session(1, user_id(1)), NOW + Duration::HOUR)).await);
    assert_eq!(state(&bench, 1).await, SessionState::Ended { at: NOW });
}

#[tokio::test]
async fn an_application_has_no_session_to_end() {
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(Workbench::new().identity().sign_out(&actor_by_key(&key)).await);
    assert!(matches!(error, SignOutError::NotAUser), "{error:?}");
}

#[tokio::test]
async fn a_user_ends_another_session_of_theirs_once() {
    let bench = with_sessions(&[1, 2]).await;
    let actor = actor_with(&session(1, user_id(1)));
    ok(bench.identity().end_session(&actor, session_id(2)).await);
    assert_eq!(state(&bench, 2).await, SessionState::Ended { at: NOW });
    let error = failed(bench.identity().end_session(&actor, session_id(2)).await);
    assert!(matches!(error, SignOutError::NotFound), "{error:?}");
    let events = bench.events(None).await;
    assert_eq!((events.len(), events[0].name.as_str()), (1, "session.ended"));
    assert_eq!(events[0].subject, Some(session_id(2).as_uuid()));
}

#[tokio::test]
async fn a_user_cannot_list_or_end_sessions_of_another_user_s50() {
    let bench = with_sessions(&[1]).await;
    bench.stores.add_users([&user(2)]).await;
    bench.stores.add_session(&session(2, user_id(2))).await;
    let stranger = actor_with(&session(2, user_id(2)));
    let error = failed(bench.identity().end_session(&stranger, session_id(1)).await);
    assert!(matches!(error, SignOutError::NotFound), "{error:?}");
    assert_eq!(state(&bench, 1).await, SessionState::Open);
    let listed = ok(bench.identity().list_sessions(&stranger, PageRequest::default()).await);
    assert_eq!((listed.page.items, listed.current), (vec![session(2, user_id(2))], session_id(2)));
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_and_is_announced() {
    let bench = with_sessions(&[1, 2, 3]).await;
    let actor = actor_with(&session(1, user_id(1)));
    ok(bench.identity().sign_out_everywhere(&actor).await);
    for number in [1, 2, 3] {
        assert_eq!(state(&bench, number).await, SessionState::Ended { at: NOW });
    }
    let events = bench.events(None).await;
    assert_eq!((events.len(), events[0].name.as_str()), (1, "sessions.ended"));
    assert_eq!(events[0].details, [("sessions_ended".to_owned(), "3".to_owned())]);
}

#[tokio::test]
async fn an_application_has_no_sessions() {
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let bench = Workbench::new();
    let error = failed(bench.identity().list_sessions(&actor_by_key(&key), PageRequest::default()).await);
    assert!(matches!(error, SessionError::NotAUser), "{error:?}");
    for error in [
        failed(bench.identity().end_session(&actor_by_key(&key), session_id(1)).await),
        failed(bench.identity().sign_out_everywhere(&actor_by_key(&key)).await),
    ] {
        assert!(matches!(error, SignOutError::NotAUser), "{error:?}");
    }
}
