//! Contract of [`IdentityStore`].

use std::sync::Arc;

use tessera_identity::{
    model::{Credentials, PasswordHash, Session, SessionState, User},
    ports::IdentityStore,
};
use tessera_kernel::{EmailAddress, PageRequest, StoreError, UserId};
use time::Duration;

use super::world;
use crate::{
    Harness,
    builders::{NOW, bare_user, event, session, session_id, user, user_id},
    concurrency::{
        at_once, attempts_at_once, dropped_after, end_while_held, in_time, nothing_is_held, one_wins,
        second_comes_while_first_holds,
    },
    expectations::{conflict, ok, parsed, some},
};

async fn insert(store: Arc<dyn IdentityStore>, user: User) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.users().insert(&user, None).await?;
    tx.commit().await
}

async fn insert_session(store: &dyn IdentityStore, session: &Session) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.sessions().insert(session).await?;
    tx.commit().await
}

async fn end(store: Arc<dyn IdentityStore>, session: Session, after: Duration) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let ended = tx.sessions().end(session.user_id, session.id, session.created_at + after).await?;
    tx.commit().await?;
    Ok(ended)
}

async fn set_hash(store: Arc<dyn IdentityStore>, id: UserId, hash: &str) -> bool {
    let mut tx = ok(store.begin().await);
    let known = ok(tx.users().set_password_hash(id, &hash_of(hash)).await);
    ok(tx.commit().await);
    known
}

async fn credentials(store: &dyn IdentityStore, email: &str) -> Option<Credentials> {
    ok(store.find_credentials(&parsed(email)).await)
}

fn hash_of(text: &str) -> PasswordHash {
    PasswordHash::from_phc(text.to_owned())
}

contract!(
    use identity_store as identity_store_contract;

    async fn a_user_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let found = some(ok(stores.identity.find_user(user_id(1)).await));
        assert_eq!(found, user(1));
        assert!(found.created_at.offset().is_utc() && found.updated_at.offset().is_utc());
    }

    async fn a_user_with_nothing_optional_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(bare_user(1)));
    }

    async fn an_address_keeps_its_spelling(harness: &impl Harness) {
        let stores = harness.stores();
        let email: EmailAddress = parsed("Grüße.An+Alle@Bücher.Example");
        stores.add_users([&User { email: Some(email.clone()), ..user(1) }]).await;
        let found = some(some(ok(stores.identity.find_user(user_id(1)).await)).email);
        assert_eq!((found.as_str(), found.canonical()), (email.as_str(), email.canonical()));
    }

    async fn unknown_ids_are_not_found(harness: &impl Harness) {
        let store = &harness.stores().identity;
        assert_eq!(ok(store.find_user(user_id(1)).await), None);
        assert_eq!(credentials(&**store, "user1@example.com").await, None);
        assert_eq!(ok(store.find_session(session_id(1)).await), None);
        assert_eq!(ok(ok(store.begin().await).users().lock(user_id(1)).await), None);
    }

    async fn credentials_are_found_by_the_address_in_any_case(harness: &impl Harness) {
        let stores = harness.stores();
        let user = User { email: Some(parsed("Jürgen@Bücher.Example")), ..user(1) };
        stores.add_user_with_password(&user, &hash_of("$phc$1")).await;
        let expected = Credentials { user, password_hash: Some(hash_of("$phc$1")) };
        for written in ["Jürgen@Bücher.Example", "JÜRGEN@BÜCHER.EXAMPLE", "jürgen@xn--bcher-kva.example"] {
            assert_eq!(credentials(&*stores.identity, written).await.as_ref(), Some(&expected), "{written}");
        }
    }

    async fn credentials_of_an_account_without_a_password_have_no_hash(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let found = credentials(&*stores.identity, "user1@example.com").await;
        assert_eq!(found, Some(Credentials { user: user(1), password_hash: None }));
    }

    async fn an_address_in_any_case_belongs_to_one_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&User { email: Some(parsed("Straße@Example.com")), ..user(1) }]).await;
        let same = User { email: Some(parsed("STRASSE@example.COM")), ..user(2) };
        conflict(insert(stores.identity.clone(), same).await, "users_email_canonical");
    }

    async fn users_without_an_address_do_not_conflict(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1), &bare_user(2)]).await;
        assert_eq!(ok(stores.identity.find_user(user_id(2)).await), Some(bare_user(2)));
    }

    async fn a_user_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let same = User { email: Some(parsed("other@example.com")), ..user(1) };
        conflict(insert(stores.identity.clone(), same).await, "users_id");
    }

    async fn a_locked_user_is_returned_with_the_credentials(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash_of("$phc$1")).await;
        let mut tx = ok(stores.identity.begin().await);
        let locked = ok(tx.users().lock(user_id(1)).await);
        assert_eq!(locked, Some(Credentials { user: user(1), password_hash: Some(hash_of("$phc$1")) }));
    }

    async fn a_transaction_sees_what_it_wrote(harness: &impl Harness) {
        let mut tx = ok(harness.stores().identity.begin().await);
        ok(tx.users().insert(&user(1), None).await);
        assert!(ok(tx.users().set_password_hash(user_id(1), &hash_of("$phc$2")).await));
        let seen = some(ok(tx.users().lock(user_id(1)).await));
        assert_eq!(seen, Credentials { user: user(1), password_hash: Some(hash_of("$phc$2")) });
    }

    async fn a_password_hash_is_replaced_and_nothing_else(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash_of("$phc$1")).await;
        stores.add_user_with_password(&user(2), &hash_of("$phc$2")).await;
        assert!(set_hash(stores.identity.clone(), user_id(1), "$phc$new").await);
        let expected = Credentials { user: user(1), password_hash: Some(hash_of("$phc$new")) };
        assert_eq!(credentials(&*stores.identity, "user1@example.com").await, Some(expected));
        let other = some(credentials(&*stores.identity, "user2@example.com").await);
        assert_eq!(other.password_hash, Some(hash_of("$phc$2")));
    }

    async fn the_hash_of_an_unknown_user_is_not_replaced(harness: &impl Harness) {
        assert!(!set_hash(harness.stores().identity.clone(), user_id(1), "$phc$1").await);
    }

    async fn an_open_and_an_ended_session_are_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let open = session(1, user_id(1));
        let ended =
            Session { state: SessionState::Ended { at: NOW + Duration::microseconds(7) }, ..session(2, user_id(1)) };
        for session in [open, ended] {
            stores.add_session(&session).await;
            assert_eq!(ok(stores.identity.find_session(session.id).await).map(|known| known.session), Some(session));
        }
    }

    async fn a_session_requires_its_user(harness: &impl Harness) {
        let store = &harness.stores().identity;
        conflict(insert_session(&**store, &session(1, user_id(1))).await, StoreError::REFERENCE);
    }

    async fn a_session_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        stores.add_session(&session(1, user_id(1))).await;
        conflict(insert_session(&*stores.identity, &session(1, user_id(1))).await, "sessions_id");
    }

    async fn an_open_session_ends(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let (one, other) = (session(1, user_id(1)), session(2, user_id(1)));
        stores.add_session(&one).await;
        stores.add_session(&other).await;
        assert!(ok(end(stores.identity.clone(), one.clone(), Duration::microseconds(1)).await));
        let state = SessionState::Ended { at: NOW + Duration::microseconds(1) };
        assert_eq!(
            ok(stores.identity.find_session(one.id).await).map(|known| known.session),
            Some(Session { state, ..one })
        );
        assert_eq!(ok(stores.identity.find_session(other.id).await).map(|known| known.session), Some(other));
    }

    async fn an_ended_session_is_not_ended_again(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let session = session(1, user_id(1));
        stores.add_session(&session).await;
        assert!(ok(end(stores.identity.clone(), session.clone(), Duration::seconds(1)).await));
        assert!(!ok(end(stores.identity.clone(), session.clone(), Duration::seconds(2)).await));
        let state = some(ok(stores.identity.find_session(session.id).await)).session.state;
        assert_eq!(state, SessionState::Ended { at: NOW + Duration::seconds(1) });
    }

    async fn an_unknown_session_does_not_end(harness: &impl Harness) {
        assert!(!ok(end(harness.stores().identity.clone(), session(1, user_id(1)), Duration::SECOND).await));
    }

    async fn of_eight_that_end_a_session_one_does(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let session = session(1, user_id(1));
        stores.add_session(&session).await;
        let ends = |n| end(stores.identity.clone(), session.clone(), Duration::seconds(i64::from(n)));
        let ended = at_once(harness, 8, ends).await;
        assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
    }

    async fn committed_changes_are_visible_together(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().insert(&user(1), None).await);
        ok(tx.sessions().insert(&session(1, user_id(1))).await);
        ok(tx.events().append(&event(1)).await);
        ok(tx.commit().await);
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(user(1)));
        assert_eq!(
            ok(stores.identity.find_session(session_id(1)).await).map(|known| known.session),
            Some(session(1, user_id(1)))
        );
        assert_eq!(ok(stores.audit.list_events(None, PageRequest::default()).await).items, [event(1)]);
    }

    async fn uncommitted_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().insert(&user(2), None).await);
        ok(tx.users().set_password_hash(user_id(1), &hash_of("$phc$1")).await);
        ok(tx.sessions().insert(&session(1, user_id(1))).await);
        assert_eq!(ok(in_time(stores.identity.find_user(user_id(2))).await), None);
        assert_eq!(some(credentials(&*stores.identity, "user1@example.com").await).password_hash, None);
        assert_eq!(ok(in_time(stores.identity.find_session(session_id(1))).await), None);
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().insert(&user(1), None).await);
        ok(tx.sessions().insert(&session(1, user_id(1))).await);
        ok(tx.events().append(&event(1)).await);
        drop(tx);
        ok(in_time(insert(stores.identity.clone(), bare_user(1))).await);
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(bare_user(1)));
        assert_eq!(ok(stores.identity.find_session(session_id(1)).await), None);
        world::is_empty(|page| stores.audit.list_events(None, page)).await;
        nothing_is_held(harness).await;
    }

    async fn a_rejected_insert_changes_nothing(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.events().append(&event(1)).await);
        conflict(tx.users().insert(&User { id: user_id(2), ..user(1) }, None).await, "users_email_canonical");
        drop(tx);
        ok(in_time(insert(stores.identity.clone(), user(2))).await);
        world::is_empty(|page| stores.audit.list_events(None, page)).await;
    }

    async fn of_eight_users_with_one_address_one_is_added(harness: &impl Harness) {
        let store = harness.stores().identity.clone();
        let written = ["ada@example.com", "ADA@example.com", "Ada@Example.Com", "aDa@eXample.com"];
        let with_address = |n: u32| User { email: Some(parsed(written[n as usize % 4])), ..user(n) };
        let attempts = attempts_at_once(harness, 8, |n| insert(store.clone(), with_address(n))).await;
        one_wins(attempts, "users_email_canonical");
        nothing_is_held(harness).await;
    }

    async fn locked_changes_lose_nothing(harness: &impl Harness) {
        async fn count_up(store: Arc<dyn IdentityStore>) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            let current = some(some(tx.users().lock(user_id(1)).await?).password_hash);
            let next = ok(current.expose().parse::<u32>()) + 1;
            tx.users().set_password_hash(user_id(1), &hash_of(&next.to_string())).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash_of("0")).await;
        for _ in 0..25 {
            at_once(harness, 8, |_| count_up(stores.identity.clone())).await;
        }
        let counted = some(some(credentials(&*stores.identity, "user1@example.com").await).password_hash);
        assert_eq!(counted.expose(), "200");
    }

    async fn a_second_lock_waits_for_the_first(harness: &impl Harness) {
        async fn read_locked(store: Arc<dyn IdentityStore>) -> Result<Option<PasswordHash>, StoreError> {
            let mut tx = store.begin().await?;
            let read = some(tx.users().lock(user_id(1)).await?).password_hash;
            tx.commit().await?;
            Ok(read)
        }
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash_of("old")).await;
        let mut first = ok(stores.identity.begin().await);
        some(ok(first.users().lock(user_id(1)).await));
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        let store = stores.identity.clone();
        let second = second_comes_while_first_holds(harness, move || read_locked(store.clone()), read).await;
        let first = async {
            first.users().set_password_hash(user_id(1), &hash_of("new")).await?;
            first.commit().await
        };
        second.gets(Some(hash_of("new")), harness, first).await;
    }

    async fn an_aborted_task_returns_its_connection(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let store = stores.identity.clone();
        end_while_held(async move {
            let mut tx = ok(store.begin().await);
            some(ok(tx.users().lock(user_id(1)).await));
            ok(tx.users().set_password_hash(user_id(1), &hash_of("lost")).await);
            tx
        })
        .await;
        assert!(in_time(set_hash(stores.identity.clone(), user_id(1), "kept")).await);
        let kept = some(credentials(&*stores.identity, "user1@example.com").await).password_hash;
        assert_eq!(kept, Some(hash_of("kept")));
        nothing_is_held(harness).await;
    }

    async fn a_change_dropped_at_any_await_is_complete_or_absent(harness: &impl Harness) {
        let stores = harness.stores();
        for waits in 0..24 {
            let (number, store) = (ok(u32::try_from(waits)), &stores.identity);
            let work = async {
                let mut tx = ok(store.begin().await);
                ok(tx.users().insert(&user(number), None).await);
                ok(tx.sessions().insert(&session(number, user_id(number))).await);
                ok(tx.commit().await);
            };
            let done = dropped_after(waits, work).await.is_some();
            // An insertion of the same row waits until the dropped transaction has ended. A conflict shows that it was
            // committed.
            let kept = match in_time(insert(store.clone(), bare_user(number))).await {
                Err(error) if error.conflict_key() == Some("users_id") => true,
                other => {
                    ok(other);
                    false
                }
            };
            let session = ok(store.find_session(session_id(number)).await).is_some();
            assert!(
                session == kept && (kept || !done),
                "after {waits} waits: session {session}, kept {kept}, done {done}"
            );
        }
        nothing_is_held(harness).await;
    }

    async fn rejected_inserts_hold_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for _ in 0..64 {
            let again = in_time(insert(stores.identity.clone(), user(1))).await;
            assert!(again.is_err_and(|error| error.conflict_key().is_some()));
        }
        nothing_is_held(harness).await;
    }
);
