//! Contract of [`Users`](tessera_identity::ports::Users) and [`Sessions`](tessera_identity::ports::Sessions) for
//! changes to an account.

use std::sync::Arc;

use tessera_identity::{
    model::{Credentials, PasswordHash, Session, SessionState, User},
    ports::IdentityStore,
};
use tessera_kernel::{PageRequest, StoreError};
use time::{Duration, OffsetDateTime};

use super::world;
use crate::{
    Harness, Stores,
    builders::{NOW, bare_user, session, session_id, user, user_id},
    concurrency::{at_once, nothing_is_held, second_comes_while_first_holds},
    expectations::{conflict, ok, parsed, some},
};

fn hash() -> PasswordHash {
    PasswordHash::from_phc("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned())
}

async fn update(stores: &Stores, user: &User) -> bool {
    let mut tx = ok(stores.identity.begin().await);
    let done = ok(tx.users().update_profile(user).await);
    ok(tx.commit().await);
    done
}

async fn verify(store: Arc<dyn IdentityStore>, number: u32, at: OffsetDateTime) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let done = tx.users().verify_email(user_id(number), at).await?;
    tx.commit().await?;
    Ok(done)
}

async fn end(stores: &Stores, user: u32, number: u32, at: OffsetDateTime) -> bool {
    let mut tx = ok(stores.identity.begin().await);
    let ended = ok(tx.sessions().end(user_id(user), session_id(number), at).await);
    ok(tx.commit().await);
    ended
}

async fn end_others(stores: &Stores, user: u32, but: u32) -> u64 {
    let mut tx = ok(stores.identity.begin().await);
    let ended = ok(tx.sessions().end_all(user_id(user), Some(session_id(but)), NOW + Duration::SECOND).await);
    ok(tx.commit().await);
    ended
}

async fn state(stores: &Stores, number: u32) -> SessionState {
    some(ok(stores.identity.find_session(session_id(number)).await)).session.state
}

async fn add_for(store: Arc<dyn IdentityStore>, session: Session, hash: PasswordHash) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let added = tx.sessions().insert_for(&session, &hash).await?;
    tx.commit().await?;
    Ok(added)
}

contract!(
    use accounts as accounts_contract;

    async fn credentials_are_found_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash()).await;
        stores.add_users([&bare_user(2)]).await;
        let find = async |number| ok(stores.identity.find_credentials_of(user_id(number)).await);
        assert_eq!(find(1).await, Some(Credentials { user: user(1), password_hash: Some(hash()) }));
        assert_eq!(find(2).await, Some(Credentials { user: bare_user(2), password_hash: None }));
        assert_eq!(find(9).await, None);
    }

    async fn a_profile_is_replaced_and_nothing_else(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash()).await;
        stores.add_users([&user(2)]).await;
        let changed = User {
            display_name: Some(parsed("Grace")),
            first_name: Some(parsed("Grace 🦀")),
            last_name: Some(parsed("Hopper")),
            avatar_url: Some(parsed("https://example.com/g.png?x=%20")),
            updated_at: NOW + Duration::SECOND,
            ..user(1)
        };
        let elsewhere = User {
            email: Some(parsed("other@example.com")),
            email_verified: false,
            created_at: NOW,
            ..changed.clone()
        };
        assert!(update(stores, &User { created_at: NOW + Duration::DAY, ..elsewhere }).await);
        let expected = Credentials { user: changed, password_hash: Some(hash()) };
        assert_eq!(ok(stores.identity.find_credentials_of(user_id(1)).await), Some(expected));
        assert_eq!(ok(stores.identity.find_user(user_id(2)).await), Some(user(2)));
    }

    async fn a_profile_is_emptied(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let empty = User { display_name: None, first_name: None, last_name: None, avatar_url: None, ..user(1) };
        assert!(update(stores, &empty).await);
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(empty));
    }

    async fn the_profile_of_an_unknown_user_is_not_replaced(harness: &impl Harness) {
        assert!(!update(harness.stores(), &user(1)).await);
    }

    async fn an_address_is_verified_and_nothing_else(harness: &impl Harness) {
        let stores = harness.stores();
        let unproved = |number| User { email_verified: false, ..user(number) };
        stores.add_user_with_password(&unproved(1), &hash()).await;
        stores.add_users([&unproved(2)]).await;
        let at = NOW + Duration::microseconds(7);
        assert!(ok(verify(stores.identity.clone(), 1, at).await));
        let expected = Credentials { user: User { updated_at: at, ..user(1) }, password_hash: Some(hash()) };
        assert_eq!(ok(stores.identity.find_credentials_of(user_id(1)).await).as_ref(), Some(&expected));
        assert_eq!(ok(stores.identity.find_user(user_id(2)).await), Some(unproved(2)));
        assert!(!ok(verify(stores.identity.clone(), 1, at + Duration::SECOND).await));
        assert_eq!(ok(stores.identity.find_credentials_of(user_id(1)).await), Some(expected));
    }

    async fn an_unknown_address_is_not_verified(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        for number in [1, 9] {
            assert!(!ok(verify(stores.identity.clone(), number, NOW + Duration::SECOND).await));
        }
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(bare_user(1)));
    }

    async fn of_eight_that_verify_an_address_one_does(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&User { email_verified: false, ..user(1) }]).await;
        let verified = at_once(harness, 8, |_| verify(stores.identity.clone(), 1, NOW)).await;
        assert_eq!(verified.iter().filter(|done| **done).count(), 1);
        nothing_is_held(harness).await;
    }

    async fn a_session_is_added_for_the_hash_that_was_compared(harness: &impl Harness) {
        let stores = harness.stores();
        let store = &stores.identity;
        let other = PasswordHash::from_phc(format!("{}A", hash().expose()));
        stores.add_user_with_password(&user(1), &hash()).await;
        stores.add_users([&bare_user(2)]).await;
        for (number, holder, hash) in [(1, 1, other), (2, 2, hash()), (3, 9, hash())] {
            assert!(!ok(add_for(store.clone(), session(number, user_id(holder)), hash).await));
            assert_eq!(ok(store.find_session(session_id(number)).await), None);
        }
        let added = session(4, user_id(1));
        assert!(ok(add_for(store.clone(), added.clone(), hash()).await));
        assert_eq!(ok(store.find_session(session_id(4)).await).map(|known| known.session), Some(added.clone()));
        conflict(add_for(store.clone(), added, hash()).await, "sessions_id");
    }

    async fn a_session_for_a_hash_waits_for_a_concurrent_replacement(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash()).await;
        let mut first = ok(stores.identity.begin().await);
        some(ok(first.users().lock(user_id(1)).await));
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        let store = stores.identity.clone();
        let adding = move || add_for(store.clone(), session(1, user_id(1)), hash());
        let second = second_comes_while_first_holds(harness, adding, read).await;
        let other = PasswordHash::from_phc("$argon2id$other".to_owned());
        let first = async {
            first.users().set_password_hash(user_id(1), &other).await?;
            first.commit().await
        };
        let in_order = second.gets(false, harness, first).await;
        assert_eq!(ok(stores.identity.find_session(session_id(1)).await).is_none(), in_order);
    }

    async fn all_other_sessions_of_a_user_end(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for number in 1..=4 {
            stores.add_session(&session(number, user_id(1))).await;
        }
        assert_eq!(end_others(stores, 1, 2).await, 3);
        for number in [1, 3, 4] {
            assert_eq!(state(stores, number).await, SessionState::Ended { at: NOW + Duration::SECOND });
        }
        assert_eq!(state(stores, 2).await, SessionState::Open);
        assert_eq!(end_others(stores, 1, 2).await, 0);
    }

    async fn sessions_of_others_and_ended_ones_stay_as_they_are(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let ended = SessionState::Ended { at: NOW };
        stores.add_session(&Session { state: ended, ..session(1, user_id(1)) }).await;
        stores.add_session(&session(2, user_id(2))).await;
        assert_eq!(end_others(stores, 1, 9).await, 0);
        assert_eq!((state(stores, 1).await, state(stores, 2).await), (ended, SessionState::Open));
    }

    async fn the_sessions_of_an_unknown_user_are_not_ended(harness: &impl Harness) {
        assert_eq!(end_others(harness.stores(), 1, 1).await, 0);
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        let before = User { email_verified: false, ..user(1) };
        stores.add_users([&before]).await;
        stores.add_session(&session(1, user_id(1))).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().update_profile(&bare_user(1)).await);
        ok(tx.users().verify_email(user_id(1), NOW).await);
        ok(tx.sessions().end_all(user_id(1), Some(session_id(2)), NOW).await);
        drop(tx);
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(before));
        assert_eq!(state(stores, 1).await, SessionState::Open);
        nothing_is_held(harness).await;
    }

    async fn a_session_is_not_ended_by_another_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let theirs = session(1, user_id(1));
        stores.add_session(&theirs).await;
        assert!(!end(stores, 2, 1, NOW).await);
        assert_eq!(ok(stores.identity.find_session(theirs.id).await).map(|known| known.session), Some(theirs));
    }

    async fn an_expired_session_does_not_end(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let session = session(1, user_id(1));
        stores.add_session(&session).await;
        assert!(!end(stores, 1, 1, session.expires_at).await);
        assert!(end(stores, 1, 1, session.expires_at - Duration::MICROSECOND).await);
    }

    async fn live_sessions_of_one_user_are_listed(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let live = [1, 4, 5, 7].map(|number| session(number, user_id(1)));
        let ended = Session { state: SessionState::Ended { at: NOW }, ..session(2, user_id(1)) };
        let expired = Session { expires_at: NOW + Duration::SECOND, ..session(3, user_id(1)) };
        for session in live.iter().chain([&ended, &expired, &session(6, user_id(2))]) {
            stores.add_session(session).await;
        }
        let listed = |page| stores.identity.list_live_sessions(user_id(1), NOW + Duration::SECOND, page);
        world::pages_in_order(&live, listed).await;
    }

    async fn all_sessions_of_one_user_end(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        for session in [session(1, user_id(1)), session(2, user_id(1)), session(3, user_id(2))] {
            stores.add_session(&session).await;
        }
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.sessions().end_all(user_id(1), None, NOW).await), 2);
        assert_eq!(ok(tx.sessions().end_all(user_id(1), None, NOW).await), 0);
        ok(tx.commit().await);
        world::is_empty(|page| stores.identity.list_live_sessions(user_id(1), NOW, page)).await;
        let other = ok(stores.identity.list_live_sessions(user_id(2), NOW, PageRequest::default()).await);
        assert_eq!(other.items, [session(3, user_id(2))]);
    }

    async fn a_session_is_live_until_it_ends_or_expires_and_only_for_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let session = session(1, user_id(1));
        stores.add_session(&session).await;
        let mut tx = ok(stores.identity.begin().await);
        for (of, number, at, live) in [
            (1, 1, NOW, true),
            (1, 1, session.expires_at - Duration::MICROSECOND, true),
            (1, 1, session.expires_at, false),
            (2, 1, NOW, false),
            (1, 2, NOW, false),
        ] {
            assert_eq!(
                ok(tx.sessions().is_live(user_id(of), session_id(number), at).await),
                live,
                "{of} {number} {at}"
            );
        }
        assert!(ok(tx.sessions().end(user_id(1), session.id, NOW).await));
        assert!(!ok(tx.sessions().is_live(user_id(1), session.id, NOW).await));
    }
);
