//! Contract of [`IdentityStore`] for the reads before a password comparison: hash costs and the time of the read.

use std::sync::Arc;

use tessera_identity::{
    model::{HashCost, PasswordHash},
    ports::{IdentityStore, RequestHashes},
};
use tessera_kernel::{StoreError, UserId};
use time::Duration;

use crate::{
    Contention, Harness, Stores,
    builders::{session, session_id, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{ok, some},
};

const COSTS: [&str; 3] =
    ["$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$v=19$m=19456,t=3,p=1$", "$argon2id$v=19$m=65536,t=3,p=1$"];

fn hash(cost: usize) -> PasswordHash {
    PasswordHash::from_phc(format!("{}c2FsdHNhbHQ$aGFzaGhhc2g", COSTS[cost]))
}

async fn costs(stores: &Stores) -> Vec<String> {
    let context = ok(stores.identity.password_check_context(user_id(1), RequestHashes::default()).await);
    context.costs.iter().map(HashCost::as_str).map(str::to_owned).collect()
}

async fn set(store: Arc<dyn IdentityStore>, user: UserId, cost: usize) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let set = tx.users().set_password_hash(user, &hash(cost)).await?;
    tx.commit().await?;
    Ok(set)
}

contract!(
    use hash_costs as hash_costs_contract;

    async fn the_costs_of_stored_hashes_are_visible_after_the_commit(harness: &impl Harness) {
        let stores = harness.stores();
        assert!(costs(stores).await.is_empty());
        stores.add_users([&user(1)]).await;
        assert!(costs(stores).await.is_empty());
        stores.add_user_with_password(&user(2), &hash(1)).await;
        stores.add_user_with_password(&user(3), &hash(1)).await;
        assert_eq!(costs(stores).await, [COSTS[1]]);
        let set_at_once = at_once(harness, 8, |_| set(stores.identity.clone(), user_id(1), 0)).await;
        assert!(set_at_once.into_iter().all(|set| set));
        assert_eq!(costs(stores).await, [COSTS[0], COSTS[1]]);
        // Neither a change that is rolled back nor a change of an unknown user stores a cost.
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().set_password_hash(user_id(1), &hash(2)).await);
        drop(tx);
        assert!(!ok(set(stores.identity.clone(), user_id(9), 2).await));
        assert_eq!(costs(stores).await, [COSTS[0], COSTS[1]]);
        nothing_is_held(harness).await;
    }

    async fn costs_that_no_account_has_are_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash(0)).await;
        stores.add_user_with_password(&user(2), &hash(1)).await;
        assert_eq!(ok(stores.identity.delete_unused_hash_costs().await), 0);
        assert!(ok(set(stores.identity.clone(), user_id(1), 2).await));
        assert_eq!(costs(stores).await, COSTS);
        assert_eq!(ok(stores.identity.delete_unused_hash_costs().await), 1);
        assert_eq!(costs(stores).await, [COSTS[1], COSTS[2]]);
        assert_eq!(ok(stores.identity.delete_unused_hash_costs().await), 0);
        nothing_is_held(harness).await;
    }

    async fn a_cost_stays_while_its_first_hash_is_being_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash(0)).await;
        assert!(ok(set(stores.identity.clone(), user_id(1), 1).await));
        // No committed account has the first cost any more, but an open transaction sets it again.
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.users().set_password_hash(user_id(1), &hash(0)).await));
        let (store, contention) = (stores.identity.clone(), harness.contention());
        let forgetting = tokio::spawn(async move { contention.settle(|| store.delete_unused_hash_costs()).await });
        tokio::task::yield_now().await;
        let committed = in_time(tx.commit()).await;
        ok(ok(in_time(forgetting).await));
        if matches!(committed, Err(StoreError::Busy)) && contention == Contention::IsBusy {
            return;
        }
        ok(committed);
        assert!(costs(stores).await.contains(&COSTS[0].to_owned()));
        nothing_is_held(harness).await;
    }

    async fn the_time_of_a_read_is_that_of_the_storage(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        stores.add_session(&session(1, user_id(1))).await;
        let before = ok(stores.challenges.now().await);
        let session = some(ok(stores.identity.find_session(session_id(1)).await));
        let context = ok(stores.identity.password_check_context(user_id(1), RequestHashes::default()).await);
        let after = ok(stores.challenges.now().await);
        for at in [session.at, context.at] {
            assert!(before - Duration::MILLISECOND <= at && at <= after + Duration::MILLISECOND);
            assert!(at.offset().is_utc());
        }
    }
);
