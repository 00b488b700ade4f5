//! Contract of [`WrongPasswords`](tessera_identity::ports::WrongPasswords).

use std::sync::Arc;

use tessera_identity::ports::{IdentityStore, RequestHashes};
use tessera_kernel::{StoreError, UserId};

use crate::{
    Harness, Stores,
    builders::{user, user_id},
    concurrency::at_once,
    expectations::ok,
};

async fn count(store: Arc<dyn IdentityStore>, user: UserId) -> Result<Option<u64>, StoreError> {
    let mut tx = store.begin().await?;
    let number = tx.wrong_passwords().count(user).await?;
    tx.commit().await?;
    Ok(number)
}

async fn number_of(stores: &Stores, user: u32) -> u64 {
    ok(stores.identity.password_check_context(user_id(user), RequestHashes::default()).await).wrong_passwords
}

contract!(
    use wrong_passwords as wrong_passwords_contract;

    async fn wrong_passwords_are_counted_for_each_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        for (user, expected) in [(1, Some(1)), (1, Some(2)), (2, Some(1)), (1, Some(3)), (9, None), (9, None)] {
            assert_eq!(ok(count(stores.identity.clone(), user_id(user)).await), expected, "{user}");
        }
        assert_eq!((number_of(stores, 1).await, number_of(stores, 2).await, number_of(stores, 9).await), (3, 1, 0));
    }

    async fn a_reset_begins_at_zero_again(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        for user in [1, 1, 2] {
            ok(count(stores.identity.clone(), user_id(user)).await);
        }
        // User 9 does not exist.
        for user in [1, 9] {
            let mut tx = ok(stores.identity.begin().await);
            ok(tx.wrong_passwords().reset(user_id(user)).await);
            ok(tx.commit().await);
        }
        assert_eq!((number_of(stores, 1).await, number_of(stores, 2).await), (0, 1));
        assert_eq!(ok(count(stores.identity.clone(), user_id(1)).await), Some(1));
    }

    async fn a_dropped_transaction_counts_nothing(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.wrong_passwords().count(user_id(1)).await), Some(1));
        drop(tx);
        assert_eq!(number_of(stores, 1).await, 0);
    }

    async fn concurrent_counts_return_each_number_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let store = stores.identity.clone();
        let mut numbers = at_once(harness, 8, move |_| count(store.clone(), user_id(1))).await;
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=8).map(Some).collect::<Vec<_>>());
    }
);
