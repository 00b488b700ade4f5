//! Contract of [`CustomDataRows`](tessera_identity::ports::CustomDataRows) and of the matching read.

use std::sync::Arc;

use tessera_identity::ports::IdentityStore;
use tessera_kernel::{StoreError, VersionedDocument};
use time::Duration;

use super::world;
use crate::{
    Harness, Stores,
    builders::{NOW, document, merge, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{conflict, ok, some},
};

async fn save(stores: &Stores, user: u32, data: &VersionedDocument) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.custom_data().save(user_id(user), data).await?;
    tx.commit().await
}

async fn found(stores: &Stores, user: u32) -> Option<VersionedDocument> {
    let inside = {
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.custom_data().find(user_id(user)).await)
    };
    let outside = ok(stores.identity.find_custom_data(user_id(user)).await);
    assert_eq!(inside, outside);
    outside
}

contract!(
    use custom_data as custom_data_contract;

    async fn data_that_were_never_written_are_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        assert_eq!(found(stores, 1).await, None);
        assert_eq!(found(stores, 9).await, None);
    }

    async fn data_are_returned_byte_for_byte(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for data in world::documents() {
            let kept = VersionedDocument { data, ..document() };
            ok(save(stores, 1, &kept).await);
            assert_eq!(found(stores, 1).await, Some(kept));
        }
    }

    async fn data_keep_their_creation_time(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        ok(save(stores, 1, &document()).await);
        let later = NOW + Duration::SECOND;
        let next = VersionedDocument { version: 2, created_at: later, updated_at: later, ..document() };
        ok(save(stores, 1, &next).await);
        assert_eq!(found(stores, 1).await, Some(VersionedDocument { created_at: document().created_at, ..next }));
    }

    async fn data_require_their_user(harness: &impl Harness) {
        conflict(save(harness.stores(), 1, &document()).await, StoreError::REFERENCE);
    }

    async fn data_belong_to_one_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        ok(save(stores, 1, &document()).await);
        assert_eq!(found(stores, 2).await, None);
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.custom_data().save(user_id(1), &document()).await);
        drop(tx);
        assert_eq!(found(stores, 1).await, None);
    }

    async fn merges_under_the_lock_lose_nothing(harness: &impl Harness) {
        /// Adds a member to the document, with a key of this writer.
        async fn add(store: Arc<dyn IdentityStore>, writer: u32, round: u32) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            some(tx.users().lock(user_id(1)).await?);
            let known = tx.custom_data().find(user_id(1)).await?;
            let data = ok(merge(&format!(r#"{{"{writer}-{round}":{round}}}"#)).apply(known, NOW));
            tx.custom_data().save(user_id(1), &data).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for round in 0..25 {
            at_once(harness, 8, |writer| add(stores.identity.clone(), writer, round)).await;
        }
        let data = some(found(stores, 1).await);
        assert_eq!((data.version, data.data.as_json().matches(':').count()), (200, 200));
    }

    async fn rejected_writes_hold_no_connection(harness: &impl Harness) {
        for _ in 0..32 {
            conflict(in_time(save(harness.stores(), 1, &document())).await, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }
);
