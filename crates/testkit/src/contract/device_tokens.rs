//! Contract of [`DeviceTokens`](tessera_identity::ports::DeviceTokens).

use std::sync::Arc;

use tessera_identity::{
    model::DeviceToken,
    ports::{IdentityStore, RequestHashes},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use super::world::neighbour_of;
use crate::{
    Harness, Stores,
    builders::{user, user_id},
    concurrency::at_once,
    expectations::{conflict, ok},
};

fn token(number: u8) -> SecretHash {
    SecretHash::from_bytes([number; 32])
}

async fn sign_in(
    store: Arc<dyn IdentityStore>,
    user: UserId,
    token: SecretHash,
    at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    tx.users().lock(user).await?;
    let known = tx.device_tokens().record_use(user, &token, at).await?;
    if !known {
        tx.device_tokens().insert(user, &token, at).await?;
    }
    tx.commit().await?;
    Ok(known)
}

async fn insert(stores: &Stores, user: u32, number: u8, at: OffsetDateTime) {
    assert!(!ok(sign_in(stores.identity.clone(), user_id(user), token(number), at).await), "{number} is new");
}

async fn record_use(stores: &Stores, user: u32, token: SecretHash, at: OffsetDateTime) -> bool {
    let mut tx = ok(stores.identity.begin().await);
    ok(tx.users().lock(user_id(user)).await);
    let known = ok(tx.device_tokens().record_use(user_id(user), &token, at).await);
    ok(tx.commit().await);
    known
}

async fn is_known(stores: &Stores, user: u32, token: SecretHash) -> bool {
    let request = RequestHashes { device_token: Some(token), ..RequestHashes::default() };
    let context = ok(stores.identity.password_check_context(user_id(user), request).await);
    assert!(!context.known_device && !context.known_network);
    context.known_device_token
}

contract!(
    use device_tokens as device_tokens_contract;

    async fn a_token_is_known_only_to_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = ok(stores.resets.now().await);
        insert(stores, 1, 1, now).await;
        for (user, token, expected) in
            [(1, token(1), true), (1, neighbour_of(token(1)), false), (2, token(1), false), (9, token(1), false)]
        {
            assert_eq!(is_known(stores, user, token).await, expected, "{user}");
            assert_eq!(record_use(stores, user, token, now).await, expected, "{user}");
        }
        let nothing = ok(stores.identity.password_check_context(user_id(1), RequestHashes::default()).await);
        assert!(!nothing.known_device_token);
    }

    async fn a_token_expires_a_hundred_and_eighty_days_after_its_last_use(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        // By the clock of the storage, because the context is read by it.
        let now = ok(stores.resets.now().await);
        insert(stores, 1, 1, now - DeviceToken::TTL + Duration::MINUTE).await;
        insert(stores, 1, 2, now - DeviceToken::TTL - Duration::MINUTE).await;
        assert!(is_known(stores, 1, token(1)).await);
        assert!(!is_known(stores, 1, token(2)).await);
        assert!(!record_use(stores, 1, token(2), now).await);
        assert!(record_use(stores, 1, token(1), now).await);
        // Now it is valid as long again.
        assert!(record_use(stores, 1, token(1), now + DeviceToken::TTL - Duration::MINUTE).await);
    }

    async fn the_least_recently_used_token_is_displaced(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = ok(stores.resets.now().await);
        let later = |seconds: u8| now + Duration::seconds(seconds.into());
        insert(stores, 2, 100, now).await;
        for number in 1..=DeviceToken::MOST {
            insert(stores, 1, number, later(number)).await;
        }
        assert!(record_use(stores, 1, token(1), later(30)).await);
        insert(stores, 1, 50, later(31)).await;
        assert!(!is_known(stores, 1, token(2)).await);
        for number in (1..=DeviceToken::MOST).filter(|number| *number != 2).chain([50]) {
            assert!(is_known(stores, 1, token(number)).await, "{number}");
        }
        // The new one stays, also if it was not used more recently than the others.
        insert(stores, 1, 51, now).await;
        assert!(is_known(stores, 1, token(51)).await && !is_known(stores, 1, token(3)).await);
        assert!(is_known(stores, 2, token(100)).await);
    }

    async fn all_tokens_of_a_user_are_deleted_at_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = ok(stores.resets.now().await);
        for (user, number) in [(1, 1), (1, 2), (2, 3)] {
            insert(stores, user, number, now).await;
        }
        for expected in [2, 0] {
            let mut tx = ok(stores.identity.begin().await);
            assert_eq!(ok(tx.device_tokens().delete_all(user_id(1)).await), expected);
            ok(tx.commit().await);
        }
        assert!(!is_known(stores, 1, token(1)).await && !is_known(stores, 1, token(2)).await);
        assert!(is_known(stores, 2, token(3)).await);
    }

    async fn a_token_requires_its_user_and_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = ok(stores.resets.now().await);
        let insert = async |user| {
            let mut tx = ok(stores.identity.begin().await);
            match tx.device_tokens().insert(user_id(user), &token(1), now).await {
                Ok(()) => tx.commit().await,
                failed => failed,
            }
        };
        conflict(insert(9).await, StoreError::REFERENCE);
        ok(insert(1).await);
        conflict(insert(2).await, "device_tokens_token_hash");
    }

    async fn concurrent_sign_ins_keep_no_more_than_the_maximum(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let now = ok(stores.resets.now().await);
        for number in 1..=DeviceToken::MOST {
            insert(stores, 1, number, now).await;
        }
        let store = stores.identity.clone();
        at_once(harness, 8, move |number| {
            let number = u8::try_from(100 + number).unwrap_or_default();
            sign_in(store.clone(), user_id(1), token(number), now + Duration::SECOND)
        })
        .await;
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.device_tokens().delete_all(user_id(1)).await), u64::from(DeviceToken::MOST));
        ok(tx.commit().await);
    }
);
