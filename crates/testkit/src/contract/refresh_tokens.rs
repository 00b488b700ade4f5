//! The refresh tokens of sessions in [`IdentityStore`], and the reauthentication of sessions.

use std::sync::Arc;

use tessera_identity::{
    model::{RefreshChain, RefreshSecretId, Session, SessionState, SignInMethod, SignInMethods},
    ports::IdentityStore,
};
use tessera_kernel::{SecretDigest as _, SecretHash, SessionId, StoreError, UserId};
use time::Duration;

use crate::{
    Harness, Skip,
    builders::{NOW, session, session_id, user, user_id},
    concurrency::at_once,
    expectations::{conflict, ok, parsed, some},
    fakes::FakeDigest,
};

const GRACE: Duration = Duration::seconds(10);

fn family(number: u32) -> SecretHash {
    FakeDigest.digest(&format!("family {number}"))
}

/// A session with everything that is optional. Its chain has the family of the same number.
fn refreshable(number: u32) -> Session {
    Session {
        name: Some(parsed("Work laptop")),
        address: Some(parsed("2001:db8::7")),
        methods: SignInMethods::of(SignInMethod::Password).with(SignInMethod::Totp),
        authenticated_at: NOW + Duration::microseconds(3),
        refresh: Some(RefreshChain::new(family(number), RefreshSecretId(7))),
        ..session(number, user_id(1))
    }
}

/// The session after a refresh that long after its beginning.
fn refreshed(before: &Session, after: Duration) -> Session {
    let at = before.created_at + after;
    Session {
        refresh: before.refresh.as_ref().map(|chain| chain.rotated(at, GRACE)),
        last_used_at: at,
        expires_at: before.expires_at + after,
        address: Some(parsed("192.0.2.9")),
        ..before.clone()
    }
}

fn generation(of: &Session) -> u32 {
    some(of.refresh.as_ref()).generation
}

async fn stored(store: &Arc<dyn IdentityStore>, number: u32) -> Session {
    some(ok(store.find_refreshed(family(number)).await)).session
}

async fn add(harness: &impl Harness, sessions: &[Session]) {
    harness.stores().add_users([&user(1), &user(2)]).await;
    for session in sessions {
        harness.stores().add_session(session).await;
    }
}

async fn reauthenticate(
    store: &Arc<dyn IdentityStore>,
    user: UserId,
    id: SessionId,
    after: Duration,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    tx.users().lock(user).await?;
    let methods = SignInMethods::of(SignInMethod::Wallet);
    let done = tx.sessions().reauthenticate(user, id, methods, NOW + after).await?;
    tx.commit().await?;
    Ok(done)
}

contract!(
    use refresh_tokens as refresh_tokens_contract;

    async fn a_session_is_found_by_its_family_as_stored(harness: &impl Harness) {
        let store = &harness.stores().identity;
        add(harness, &[refreshable(1), refreshable(2), session(3, user_id(1))]).await;
        assert_eq!(stored(store, 1).await, refreshable(1));
        let by_id = some(ok(store.find_session(session_id(2)).await)).session;
        assert_eq!(by_id, refreshable(2));
        assert!(ok(store.find_refreshed(family(3)).await).is_none());
    }

    async fn a_session_with_a_password_is_stored_with_everything(harness: &impl Harness) {
        let stores = harness.stores();
        let hash = tessera_identity::model::PasswordHash::from_phc("$phc$1".to_owned());
        stores.add_user_with_password(&user(1), &hash).await;
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.sessions().insert_for(&refreshable(1), &hash).await));
        ok(tx.commit().await);
        assert_eq!(stored(&stores.identity, 1).await, refreshable(1));
    }

    async fn a_family_belongs_to_one_session(harness: &impl Harness) {
        let stores = harness.stores();
        add(harness, &[refreshable(1)]).await;
        let other = Session { refresh: refreshable(1).refresh, ..session(2, user_id(1)) };
        let mut tx = ok(stores.identity.begin().await);
        let inserted = match tx.sessions().insert(&other).await {
            Ok(()) => tx.commit().await,
            failed => failed,
        };
        conflict(inserted, "sessions_refresh_family");
    }

    async fn a_rotation_writes_what_a_refresh_changes(harness: &impl Harness) {
        let store = &harness.stores().identity;
        add(harness, &[refreshable(1), refreshable(2)]).await;
        let mut expected = refreshable(1);
        for seconds in [20, 40, 45] {
            let from = generation(&expected);
            expected = refreshed(&expected, Duration::seconds(seconds));
            assert!(ok(store.rotate_refresh(&expected, from).await));
            assert_eq!(stored(store, 1).await, expected);
            assert_eq!(some(ok(store.find_session(session_id(1)).await)).session, expected);
        }
        assert_eq!(stored(store, 2).await, refreshable(2));
    }

    async fn a_rotation_changes_nothing_but_tokens_expiry_use_and_address(harness: &impl Harness) {
        let store = &harness.stores().identity;
        add(harness, &[refreshable(1)]).await;
        let after = refreshed(&refreshable(1), Duration::SECOND);
        let more = Session { methods: SignInMethods::default(), name: None, authenticated_at: NOW, ..after.clone() };
        assert!(ok(store.rotate_refresh(&more, 0).await));
        assert_eq!(stored(store, 1).await, after);
    }

    async fn of_eight_rotations_of_one_generation_one_is_done(harness: &impl Harness) {
        let store = &harness.stores().identity;
        add(harness, &[refreshable(1)]).await;
        let rotations = at_once(harness, 8, |number| {
            let (store, after) = (Arc::clone(store), Duration::seconds(i64::from(number) + 1));
            async move { store.rotate_refresh(&refreshed(&refreshable(1), after), 0).await }
        })
        .await;
        assert_eq!(rotations.into_iter().filter(|done| *done).count(), 1);
        assert_eq!(generation(&stored(store, 1).await), 1);
    }

    async fn an_ended_expired_or_unknown_session_is_not_rotated(harness: &impl Harness) {
        let store = &harness.stores().identity;
        let ended = Session { state: SessionState::Ended { at: NOW }, ..refreshable(1) };
        add(harness, &[ended, refreshable(2)]).await;
        for number in [1, 3] {
            assert!(!ok(store.rotate_refresh(&refreshed(&refreshable(number), Duration::SECOND), 0).await));
        }
        let late = refreshed(&refreshable(2), Duration::hours(12));
        assert!(!ok(store.rotate_refresh(&late, 0).await), "expired");
        let early = refreshed(&refreshable(2), Duration::hours(12) - Duration::MICROSECOND);
        assert!(!ok(store.rotate_refresh(&early, 1).await), "another generation");
        let foreign = Session { user_id: user_id(2), ..early.clone() };
        assert!(!ok(store.rotate_refresh(&foreign, 0).await), "another user");
        assert!(ok(store.rotate_refresh(&early, 0).await));
    }

    async fn a_rotation_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        add(harness, &[refreshable(1)]).await;
        let after = refreshed(&refreshable(1), Duration::SECOND);
        assert!(ok(harness.stores().identity.rotate_refresh(&after, 0).await));
        harness.reopen().await?;
        assert_eq!(stored(&harness.stores().identity, 1).await, after);
        Ok(())
    }

    async fn a_reauthentication_adds_methods_and_moves_the_time(harness: &impl Harness) {
        let store = &harness.stores().identity;
        add(harness, &[refreshable(1), refreshable(2)]).await;
        for (after, recorded) in [(60, 60), (30, 60), (90, 90)] {
            assert!(ok(reauthenticate(store, user_id(1), session_id(1), Duration::seconds(after)).await));
            let expected = Session {
                authenticated_at: NOW + Duration::seconds(recorded),
                methods: refreshable(1).methods.with(SignInMethod::Wallet),
                ..refreshable(1)
            };
            assert_eq!(stored(store, 1).await, expected);
            assert_eq!(some(ok(store.find_session(session_id(1)).await)).session, expected);
        }
        assert_eq!(stored(store, 2).await, refreshable(2));
    }

    async fn methods_are_removed_from_all_sessions_of_the_user(harness: &impl Harness) {
        let store = &harness.stores().identity;
        let foreign = Session { user_id: user_id(2), ..refreshable(3) };
        let all = |session: Session| Session {
            methods: SignInMethod::ALL.into_iter().fold(SignInMethods::default(), SignInMethods::with),
            ..session
        };
        add(harness, &[all(refreshable(1)), refreshable(2), all(foreign.clone())]).await;
        let mut tx = ok(store.begin().await);
        ok(tx.users().lock(user_id(1)).await);
        ok(tx.sessions().remove_methods(user_id(1), SignInMethods::factors()).await);
        ok(tx.commit().await);
        let left = SignInMethods::of(SignInMethod::Password).with(SignInMethod::Wallet).with(SignInMethod::Email);
        assert_eq!(stored(store, 1).await, Session { methods: left, ..refreshable(1) });
        assert_eq!(some(ok(store.find_session(session_id(1)).await)).session.methods, left);
        let removed = refreshable(2).methods.without(SignInMethods::factors());
        assert_eq!(stored(store, 2).await, Session { methods: removed, ..refreshable(2) });
        assert_eq!(stored(store, 3).await, all(foreign));
    }

    async fn only_a_live_session_of_the_user_is_reauthenticated(harness: &impl Harness) {
        let store = &harness.stores().identity;
        let ended = Session { state: SessionState::Ended { at: NOW }, ..refreshable(2) };
        add(harness, &[refreshable(1), ended]).await;
        assert!(!ok(reauthenticate(store, user_id(2), session_id(1), Duration::SECOND).await));
        assert!(!ok(reauthenticate(store, user_id(1), session_id(1), Duration::hours(12)).await));
        assert!(!ok(reauthenticate(store, user_id(1), session_id(2), Duration::SECOND).await));
        assert!(!ok(reauthenticate(store, user_id(1), session_id(3), Duration::SECOND).await));
        assert_eq!(stored(store, 1).await, refreshable(1));
    }
);
