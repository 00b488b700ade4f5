//! Contract of [`InterruptedOperations`](tessera_identity::ports::InterruptedOperations), and of the operations in
//! [`Factors`](tessera_identity::ports::Factors).

use tessera_identity::model::{Interrupted, InterruptedOperation, SessionRequest, SignInMethod, SignInMethods};
use tessera_kernel::{SecretHash, StoreError};
use time::Duration;

use super::world::neighbour_of;
use crate::{
    Harness, Stores,
    builders::{session_id, user, user_id, wallet},
    concurrency::{at_once, in_time},
    expectations::{conflict, ok, parsed},
};

fn token(number: u8) -> SecretHash {
    SecretHash::from_bytes([number; 32])
}

/// An operation of user 1 that is valid for so many minutes by the clock of the storage.
async fn operation(stores: &Stores, number: u8, minutes: i64) -> InterruptedOperation {
    let methods = SignInMethods::of(SignInMethod::Password);
    let operation =
        Interrupted::SignIn { methods, request: SessionRequest::default(), device_token: None, wallet: None };
    let expires_at = ok(stores.factors.now().await) + Duration::minutes(minutes);
    InterruptedOperation { token: token(number), user: user_id(1), operation, ceremony: None, expires_at }
}

async fn insert(stores: &Stores, operation: &InterruptedOperation) {
    let mut tx = ok(stores.identity.begin().await);
    ok(tx.interrupted_operations().insert(operation).await);
    ok(tx.commit().await);
}

async fn take(stores: &Stores, number: u8) -> bool {
    let mut tx = ok(stores.identity.begin().await);
    let taken = ok(tx.interrupted_operations().take(&token(number)).await);
    ok(tx.commit().await);
    taken
}

contract!(
    use interrupted_operations as interrupted_operations_contract;

    async fn an_operation_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let wallet = wallet(1).account;
        let methods = SignInMethods::of(SignInMethod::Wallet);
        let request = SessionRequest { refresh: true, device_name: Some(parsed("Zoë's phone")), device_token: None };
        let all = [
            Interrupted::SignIn { methods, request, device_token: Some(token(9)), wallet: Some(wallet) },
            Interrupted::SignIn { methods, request: SessionRequest::default(), device_token: None, wallet: None },
            Interrupted::Reauthentication { session: session_id(1), methods },
            Interrupted::Application { sign_in: session_id(7).as_uuid(), wallet },
        ];
        for (number, interrupted) in (1..).zip(all) {
            let waiting = InterruptedOperation { operation: interrupted, ..operation(stores, number, 10).await };
            insert(stores, &waiting).await;
            assert_eq!(ok(stores.factors.find_interrupted(&token(number)).await), Some(waiting));
        }
        assert_eq!(ok(stores.factors.find_interrupted(&neighbour_of(token(1))).await), None);
    }

    async fn a_token_is_unique_and_requires_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        let first = operation(stores, 1, 10).await;
        let mut tx = ok(stores.identity.begin().await);
        conflict(tx.interrupted_operations().insert(&first).await, StoreError::REFERENCE);
        drop(tx);
        stores.add_users([&user(1)]).await;
        insert(stores, &first).await;
        let mut tx = ok(stores.identity.begin().await);
        conflict(tx.interrupted_operations().insert(&first).await, "interrupted_operations_token_hash");
    }

    async fn an_operation_has_five_attempts(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        insert(stores, &operation(stores, 1, 10).await).await;
        insert(stores, &operation(stores, 2, 10).await).await;
        for attempt in 1..=InterruptedOperation::ATTEMPTS {
            assert!(ok(stores.factors.find_interrupted(&token(1)).await).is_some(), "before {attempt}");
            assert!(ok(stores.factors.count_attempt(&token(1)).await), "{attempt}");
        }
        assert!(!ok(stores.factors.count_attempt(&token(1)).await));
        assert_eq!(ok(stores.factors.find_interrupted(&token(1)).await), None);
        assert!(ok(stores.factors.count_attempt(&token(2)).await));
        assert!(!ok(stores.factors.count_attempt(&token(3)).await));
    }

    async fn of_twenty_concurrent_attempts_five_are_admitted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        insert(stores, &operation(stores, 1, 10).await).await;
        let admitted = at_once(harness, 20, |_| {
            let factors = stores.factors.clone();
            async move { factors.count_attempt(&token(1)).await }
        })
        .await;
        let admitted = admitted.into_iter().filter(|admitted| *admitted).count();
        assert_eq!(admitted, usize::from(InterruptedOperation::ATTEMPTS));
    }

    async fn an_operation_is_taken_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        insert(stores, &operation(stores, 1, 10).await).await;
        let taken = at_once(harness, 8, |_| {
            let store = stores.identity.clone();
            async move {
                let mut tx = store.begin().await?;
                tx.users().lock(user_id(1)).await?;
                let taken = tx.interrupted_operations().take(&token(1)).await?;
                tx.commit().await?;
                Ok(taken)
            }
        })
        .await;
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
        assert!(!take(stores, 1).await);
        assert_eq!(ok(stores.factors.find_interrupted(&token(1)).await), None);
        assert!(!ok(stores.factors.count_attempt(&token(1)).await));
    }

    async fn an_operation_of_a_dropped_take_stays(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        insert(stores, &operation(stores, 1, 10).await).await;
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.interrupted_operations().take(&token(1)).await));
        drop(tx);
        assert!(ok(stores.factors.find_interrupted(&token(1)).await).is_some());
    }

    async fn an_expired_operation_is_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for (number, minutes) in [(1, -2), (2, -1), (3, 10)] {
            insert(stores, &operation(stores, number, minutes).await).await;
        }
        assert_eq!(ok(stores.factors.find_interrupted(&token(1)).await), None);
        assert!(!ok(stores.factors.count_attempt(&token(1)).await));
        assert!(ok(stores.factors.find_interrupted(&token(3)).await).is_some());
    }

    async fn operations_of_a_user_are_withdrawn(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        insert(stores, &operation(stores, 1, 10).await).await;
        insert(stores, &operation(stores, 2, 10).await).await;
        let other = InterruptedOperation { user: user_id(2), ..operation(stores, 3, 10).await };
        insert(stores, &other).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.interrupted_operations().withdraw_all(user_id(1)).await);
        ok(tx.commit().await);
        for (number, open) in [(1, false), (2, false), (3, true)] {
            assert_eq!(ok(stores.factors.find_interrupted(&token(number)).await).is_some(), open, "{number}");
        }
    }

    async fn the_newest_operations_of_a_user_are_kept(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let other = InterruptedOperation { user: user_id(2), ..operation(stores, 200, 1).await };
        insert(stores, &other).await;
        for number in 0..=InterruptedOperation::MOST_OPEN {
            insert(stores, &operation(stores, number, 10 + i64::from(number)).await).await;
        }
        assert_eq!(ok(stores.factors.find_interrupted(&token(0)).await), None);
        for number in [1, InterruptedOperation::MOST_OPEN, 200] {
            assert!(ok(stores.factors.find_interrupted(&token(number)).await).is_some(), "{number}");
        }
    }

    async fn the_ceremony_of_a_passkey_is_recorded(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let waiting = operation(stores, 1, 10).await;
        insert(stores, &waiting).await;
        ok(stores.factors.set_ceremony(&token(1), "0198c2f0").await);
        ok(stores.factors.set_ceremony(&token(2), "0198c2f0").await);
        let known = InterruptedOperation { ceremony: Some("0198c2f0".to_owned()), ..waiting };
        assert_eq!(ok(stores.factors.find_interrupted(&token(1)).await), Some(known));
        assert_eq!(ok(stores.factors.find_interrupted(&token(2)).await), None);
    }

    async fn an_unknown_token_waits_for_no_writer(harness: &impl Harness) {
        let stores = harness.stores();
        // SQLite and the memory store allow one writer at a time, and this transaction is it.
        let mut writer = ok(stores.identity.begin().await);
        ok(writer.users().lock(user_id(1)).await);
        assert_eq!(ok(in_time(stores.factors.find_interrupted(&token(1))).await), None);
    }
);
