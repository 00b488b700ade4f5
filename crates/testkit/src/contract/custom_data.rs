//! Contract of [`CustomDataRows`](tessera_identity::ports::CustomDataRows) and of the matching read.

use std::sync::Arc;

use tessera_identity::{model::CustomData, ports::IdentityStore};
use tessera_kernel::{DataDocument, DocumentChange, StoreError};
use time::Duration;

use crate::{
    Harness, Stores,
    builders::{NOW, custom_data, data_document, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{conflict, ok, some},
};

async fn save(store: &dyn IdentityStore, data: &CustomData) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.custom_data().save(data).await?;
    tx.commit().await
}

async fn found(stores: &Stores, user: u32) -> Option<CustomData> {
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

    async fn what_was_never_written_is_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        assert_eq!(found(stores, 1).await, None);
        assert_eq!(found(stores, 9).await, None);
    }

    async fn data_come_back_to_the_byte(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let long = format!(r#"{{"k":"{}"}}"#, "x".repeat(DataDocument::MAX_BYTES - 8));
        let texts = [
            r#"{"z":1.50,"a":{"ü":[-0.0,1e2,null]},"more":12345678901234567890123}"#,
            "{\"s\":\"ü🦀'\\\\\\\" \\n\",\"\":{},\"%s $1 ?\":[]}",
            &long,
        ];
        for text in texts {
            let kept = CustomData { data: data_document(text), ..custom_data(user_id(1)) };
            ok(save(&*stores.identity, &kept).await);
            assert_eq!(found(stores, 1).await, Some(kept));
        }
    }

    async fn data_keep_the_time_of_their_making(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let first = custom_data(user_id(1));
        ok(save(&*stores.identity, &first).await);
        let later = NOW + Duration::SECOND;
        let next = CustomData { version: 2, created_at: later, updated_at: later, ..first.clone() };
        ok(save(&*stores.identity, &next).await);
        assert_eq!(found(stores, 1).await, Some(CustomData { created_at: first.created_at, ..next }));
    }

    async fn data_need_their_user(harness: &impl Harness) {
        conflict(save(&*harness.stores().identity, &custom_data(user_id(1))).await, StoreError::REFERENCE);
    }

    async fn data_belong_to_one_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        ok(save(&*stores.identity, &custom_data(user_id(1))).await);
        assert_eq!(found(stores, 2).await, None);
    }

    async fn what_is_dropped_never_happened(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.custom_data().save(&custom_data(user_id(1))).await);
        drop(tx);
        assert_eq!(found(stores, 1).await, None);
    }

    async fn merges_under_the_lock_lose_nothing(harness: &impl Harness) {
        /// Adds a member to the document, with a key of this writer.
        async fn merge(store: Arc<dyn IdentityStore>, writer: u32, round: u32) -> Result<(), StoreError> {
            let patch = ok(format!(r#"{{"{writer}-{round}":{round}}}"#).try_into());
            let mut tx = store.begin().await?;
            let user = some(tx.users().lock(user_id(1)).await?).user;
            let known = tx.custom_data().find(user.id).await?.unwrap_or_else(|| CustomData::untouched(&user));
            let data = ok(DocumentChange::Merge(patch).apply(&known.data));
            tx.custom_data().save(&CustomData { data, version: known.version + 1, ..known }).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for round in 0..25 {
            at_once(harness, 8, |writer| merge(stores.identity.clone(), writer, round)).await;
        }
        let data = some(found(stores, 1).await);
        assert_eq!((data.version, data.data.as_json().matches(':').count()), (200, 200));
    }

    async fn refused_writes_hold_no_connection(harness: &impl Harness) {
        for _ in 0..32 {
            let nobodys = custom_data(user_id(1));
            let refused = in_time(save(&*harness.stores().identity, &nobodys)).await;
            conflict(refused, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }
);
