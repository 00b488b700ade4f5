//! Contract of [`Passkeys`](tessera_identity::ports::Passkeys) and [`PasskeyStore`].

use std::sync::Arc;

use tessera_identity::{
    model::{Ceremony, CeremonyPurpose, Passkey},
    ports::{Assertion, IdentityStore, PasskeyStore},
};
use tessera_kernel::{StoreError, UserId};
use time::Duration;

use crate::{
    Harness, Skip, Stores,
    builders::{NOW, bare_user, ceremony, passkey, session, session_id, user_id},
    concurrency::{at_once, attempts_at_once, in_time, nothing_is_held, one_wins},
    expectations::{conflict, ok, some},
};

/// A passkey of user 1.
fn first(number: u32) -> Passkey {
    passkey(number, user_id(1))
}

fn assertion(counter: u32) -> Assertion {
    Assertion { credential: format!("key after {counter}"), counter, synced: false }
}

async fn insert(store: Arc<dyn IdentityStore>, passkey: Passkey) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.passkeys().insert(&passkey).await?;
    tx.commit().await
}

async fn record(store: Arc<dyn IdentityStore>, passkey: Passkey, counter: u32) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let recorded = tx.passkeys().record_use(&passkey, &assertion(counter), NOW + Duration::HOUR).await?;
    tx.commit().await?;
    Ok(recorded)
}

async fn delete(store: &dyn IdentityStore, user: UserId, passkey: &Passkey) -> bool {
    let mut tx = ok(store.begin().await);
    let deleted = ok(tx.passkeys().delete(user, passkey.id).await);
    ok(tx.commit().await);
    deleted
}

async fn take(store: Arc<dyn PasskeyStore>, ceremony: Ceremony) -> Result<Option<Ceremony>, StoreError> {
    Ok(store.take_ceremony(ceremony.id).await?.map(|taken| taken.ceremony))
}

async fn with_users(harness: &impl Harness) -> &Stores {
    let stores = harness.stores();
    stores.add_users([&bare_user(1), &bare_user(2)]).await;
    stores
}

contract!(
    use passkeys as passkeys_contract;

    async fn a_passkey_is_returned_as_stored(harness: &impl Harness) {
        let stores = with_users(harness).await;
        let used = Passkey {
            counter: u32::MAX,
            synced: false,
            last_used_at: Some(NOW + Duration::microseconds(7)),
            ..first(1)
        };
        stores.add_passkeys([&used]).await;
        assert_eq!(ok(stores.passkeys.find_passkey(&used.credential_id).await), Some(used.clone()));
        assert_eq!(ok(stores.passkeys.find_passkey(&first(2).credential_id).await), None);
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(1)).await), [used]);
    }

    async fn passkeys_are_listed_and_counted_by_user(harness: &impl Harness) {
        let stores = with_users(harness).await;
        let (second, of_another) = (first(2), passkey(3, user_id(2)));
        stores.add_passkeys([&second, &of_another, &first(1)]).await;
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(1)).await), [first(1), second]);
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(2)).await), [of_another]);
        let mut tx = ok(stores.identity.begin().await);
        for (user, number) in [(1, 2), (2, 1), (3, 0)] {
            assert_eq!(ok(tx.passkeys().count(user_id(user)).await), number);
            assert_eq!(ok(tx.passkeys().count_of_rp_id(user_id(user), "example.com").await), number);
            assert_eq!(ok(tx.passkeys().count_of_rp_id(user_id(user), "example.org").await), 0);
        }
    }

    async fn a_passkey_requires_its_user(harness: &impl Harness) {
        conflict(insert(harness.stores().identity.clone(), first(1)).await, StoreError::REFERENCE);
    }

    async fn a_credential_and_an_id_are_unique(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1)]).await;
        let same_credential = Passkey { credential_id: first(1).credential_id, ..passkey(2, user_id(2)) };
        conflict(insert(stores.identity.clone(), same_credential).await, "passkeys_credential_id");
        let same_id = Passkey { id: first(1).id, ..passkey(2, user_id(2)) };
        conflict(insert(stores.identity.clone(), same_id).await, "passkeys_id");
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(2)).await), []);
        nothing_is_held(harness).await;
    }

    async fn passkeys_of_another_rp_id_are_found(harness: &impl Harness) {
        let stores = with_users(harness).await;
        assert!(!ok(stores.passkeys.any_of_another_rp_id("example.com").await));
        stores.add_passkeys([&first(1)]).await;
        assert!(!ok(stores.passkeys.any_of_another_rp_id("example.com").await));
        for other in ["a.example", "example.org", "accounts.example.com"] {
            assert!(ok(stores.passkeys.any_of_another_rp_id(other).await), "{other}");
        }
    }

    async fn of_eight_users_with_one_credential_one_gets_it(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users(&(0..8).map(bare_user).collect::<Vec<_>>()).await;
        let of = |number| Passkey { credential_id: first(99).credential_id, ..passkey(number, user_id(number)) };
        one_wins(
            attempts_at_once(harness, 8, |number| insert(stores.identity.clone(), of(number))).await,
            "passkeys_credential_id",
        );
        nothing_is_held(harness).await;
    }

    async fn a_use_moves_the_counter_and_the_state(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1), &first(2)]).await;
        assert!(ok(record(stores.identity.clone(), first(1), 7).await));
        let Assertion { credential, counter, synced } = assertion(7);
        let used = Passkey { credential, counter, synced, last_used_at: Some(NOW + Duration::HOUR), ..first(1) };
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(1)).await), [used, first(2)]);
    }

    async fn a_counter_never_stays_or_decreases(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&Passkey { counter: 5, ..first(1) }]).await;
        for (counter, recorded) in [(0, false), (4, false), (5, false), (6, true), (6, false), (u32::MAX, true)] {
            assert_eq!(ok(record(stores.identity.clone(), first(1), counter).await), recorded, "{counter}");
        }
    }

    async fn an_authenticator_that_does_not_count_is_accepted(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1)]).await;
        for (counter, recorded) in [(0, true), (0, true), (1, true), (0, false)] {
            assert_eq!(ok(record(stores.identity.clone(), first(1), counter).await), recorded, "{counter}");
        }
    }

    async fn a_use_requires_the_passkey_of_that_user(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1)]).await;
        let of_another = Passkey { user_id: user_id(2), ..first(1) };
        assert!(!ok(record(stores.identity.clone(), of_another, 1).await));
        assert!(!ok(record(stores.identity.clone(), first(2), 1).await));
        assert_eq!(some(ok(stores.passkeys.find_passkey(&first(1).credential_id).await)), first(1));
    }

    async fn of_sixteen_uses_with_one_counter_one_is_recorded(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1)]).await;
        let recorded = at_once(harness, 16, |_| record(stores.identity.clone(), first(1), 1)).await;
        assert_eq!(recorded.into_iter().filter(|recorded| *recorded).count(), 1);
        nothing_is_held(harness).await;
    }

    async fn a_passkey_is_removed_only_from_its_user(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1), &first(2)]).await;
        assert!(!delete(&*stores.identity, user_id(2), &first(1)).await);
        assert!(delete(&*stores.identity, user_id(1), &first(1)).await);
        assert!(!delete(&*stores.identity, user_id(1), &first(1)).await);
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(1)).await), [first(2)]);
    }

    async fn all_passkeys_of_a_user_are_removed(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(2), &first(1), &passkey(3, user_id(2))]).await;
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.passkeys().delete_all(user_id(1)).await), [first(1).id, first(2).id]);
        assert_eq!(ok(tx.passkeys().delete_all(user_id(1)).await), []);
        ok(tx.commit().await);
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(1)).await), []);
        assert_eq!(ok(stores.passkeys.list_passkeys(user_id(2)).await).len(), 1);
    }

    async fn a_dropped_transaction_changes_no_passkey(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.passkeys().insert(&first(2)).await);
        assert!(ok(tx.passkeys().record_use(&first(1), &assertion(1), NOW).await));
        ok(tx.passkeys().delete_all(user_id(1)).await);
        drop(tx);
        assert_eq!(ok(in_time(stores.passkeys.list_passkeys(user_id(1))).await), [first(1)]);
        nothing_is_held(harness).await;
    }

    async fn a_ceremony_is_returned_as_stored_and_once(harness: &impl Harness) {
        let stores = with_users(harness).await;
        stores.add_session(&session(1, user_id(1))).await;
        let (user, session) = (user_id(1), session_id(1));
        let purposes =
            [CeremonyPurpose::SignIn, CeremonyPurpose::SecondFactor { user }, CeremonyPurpose::Add { user, session }];
        for (number, purpose) in (1..).zip(purposes) {
            let kept = Ceremony { purpose, ..ceremony(number) };
            ok(stores.passkeys.keep_ceremony(&kept).await);
            assert_eq!(ok(take(stores.passkeys.clone(), ceremony(9)).await), None);
            assert_eq!(ok(take(stores.passkeys.clone(), kept.clone()).await), Some(kept.clone()));
            assert_eq!(ok(take(stores.passkeys.clone(), kept).await), None);
        }
    }

    async fn a_ceremony_requires_its_user_and_its_session(harness: &impl Harness) {
        let stores = with_users(harness).await;
        let (user, session) = (user_id(1), session_id(1));
        for purpose in [CeremonyPurpose::SecondFactor { user: user_id(3) }, CeremonyPurpose::Add { user, session }] {
            let kept = stores.passkeys.keep_ceremony(&Ceremony { purpose, ..ceremony(1) }).await;
            conflict(kept, StoreError::REFERENCE);
        }
    }

    async fn a_ceremony_id_is_unique(harness: &impl Harness) {
        let store = &harness.stores().passkeys;
        ok(store.keep_ceremony(&ceremony(1)).await);
        let same = Ceremony { state: "{}".to_owned(), ..ceremony(1) };
        conflict(store.keep_ceremony(&same).await, "passkey_ceremonies_id");
        assert_eq!(ok(take(store.clone(), same).await), Some(ceremony(1)));
    }

    async fn an_unknown_ceremony_waits_for_no_writer(harness: &impl Harness) {
        let stores = harness.stores();
        // SQLite and the memory store allow one writer at a time, and this transaction is it.
        let mut writer = ok(stores.identity.begin().await);
        ok(writer.users().lock(user_id(1)).await);
        assert_eq!(ok(in_time(take(stores.passkeys.clone(), ceremony(2))).await), None);
    }

    async fn of_twenty_concurrent_consumers_of_a_ceremony_one_gets_it(harness: &impl Harness) {
        let store = &harness.stores().passkeys;
        ok(store.keep_ceremony(&ceremony(1)).await);
        let taken = at_once(harness, 20, |_| take(store.clone(), ceremony(1))).await;
        assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [ceremony(1)]);
        nothing_is_held(harness).await;
    }

    async fn a_ceremony_expires_by_the_time_at_which_it_is_consumed(harness: &impl Harness) {
        let store = &harness.stores().passkeys;
        for (number, left, open) in [(1, 1, true), (2, 0, false), (3, -1, false)] {
            let before = ok(store.now().await);
            let kept = Ceremony { expires_at: before + Duration::minutes(left), ..ceremony(number) };
            ok(store.keep_ceremony(&kept).await);
            let taken = some(ok(store.take_ceremony(kept.id).await));
            assert!(before <= taken.at && taken.at <= ok(store.now().await), "{}", taken.at);
            assert_eq!(taken.ceremony.is_open(taken.at), open, "{left} minutes");
        }
    }

    async fn a_passkey_and_the_use_of_its_ceremony_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = with_users(harness).await;
        stores.add_passkeys([&first(1)]).await;
        ok(stores.passkeys.keep_ceremony(&ceremony(1)).await);
        ok(stores.passkeys.keep_ceremony(&ceremony(2)).await);
        ok(take(stores.passkeys.clone(), ceremony(1)).await);
        harness.reopen().await?;
        let store = &harness.stores().passkeys;
        assert_eq!(ok(take(store.clone(), ceremony(1)).await), None);
        assert_eq!(ok(take(store.clone(), ceremony(2)).await), Some(ceremony(2)));
        assert_eq!(ok(store.list_passkeys(user_id(1)).await), [first(1)]);
        Ok(())
    }
);
