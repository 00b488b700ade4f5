//! Contract of [`SigningKeyStore`].

use std::sync::Arc;

use tessera_kernel::StoreError;
use tessera_sso::{
    model::{Retirement, SigningKey},
    ports::{SigningKeyStore, SigningKeyTransaction},
};
use time::Duration;

use super::world::audit_entry_is_stored;
use crate::{
    Harness, Skip, Stores,
    builders::{NOW, event, key_id, signing_key},
    concurrency::{at_once, in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{conflict, ok, some},
};

/// The key with the number. It signs after all keys with lower numbers.
fn key(number: u32) -> SigningKey {
    signing_key(number)
}

fn retirement() -> Retirement {
    Retirement { signs_until: NOW + Duration::days(3), published_until: NOW + Duration::days(4) }
}

async fn listed(stores: &Stores) -> Vec<SigningKey> {
    ok(in_time(stores.signing_keys.list_signing_keys()).await)
}

async fn insert(store: &dyn SigningKeyStore, key: &SigningKey) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.signing_keys().insert(key).await?;
    tx.commit().await
}

/// Adds a key if none exists. Returns whether it was added.
async fn insert_first(store: Arc<dyn SigningKeyStore>, key: SigningKey) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let first = tx.signing_keys().lock_all().await?.is_empty();
    if first {
        tx.signing_keys().insert(&key).await?;
    }
    tx.commit().await?;
    Ok(first)
}

/// Locks the keys and adds one, without a commit.
async fn insert_locked(
    store: Arc<dyn SigningKeyStore>,
    key: SigningKey,
) -> Result<Box<dyn SigningKeyTransaction>, StoreError> {
    let mut tx = store.begin().await?;
    tx.signing_keys().lock_all().await?;
    tx.signing_keys().insert(&key).await?;
    Ok(tx)
}

contract!(
    use signing_key_store as signing_key_store_contract;

    async fn a_signing_key_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let retired = SigningKey { retirement: Some(retirement()), ..key(2) };
        stores.add_signing_keys([&key(1), &retired]).await;
        let found = listed(stores).await;
        assert_eq!(found, [key(1), retired]);
        assert!(found.iter().all(|key| key.created_at.offset().is_utc() && key.signs_from.offset().is_utc()));
    }

    async fn an_empty_store_has_no_signing_keys(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(listed(stores).await, []);
        let mut tx = ok(stores.signing_keys.begin().await);
        assert_eq!(ok(in_time(tx.signing_keys().lock_all()).await), []);
    }

    async fn signing_keys_are_listed_in_the_order_of_their_first_use(harness: &impl Harness) {
        let stores = harness.stores();
        let late = SigningKey { signs_from: NOW + Duration::days(9), ..key(1) };
        let (one, other) = (
            SigningKey { signs_from: NOW + Duration::days(8), ..key(2) },
            SigningKey { signs_from: NOW + Duration::days(8), ..key(3) },
        );
        stores.add_signing_keys([&late, &other, &one]).await;
        let order = [one, other, late];
        assert_eq!(listed(stores).await, order);
        let mut tx = ok(stores.signing_keys.begin().await);
        assert_eq!(ok(tx.signing_keys().lock_all().await), order);
    }

    async fn a_kid_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1)]).await;
        let twin = SigningKey { id: key_id(1), ..key(2) };
        conflict(insert(&*stores.signing_keys, &twin).await, "signing_keys_kid");
        assert_eq!(listed(stores).await, [key(1)]);
        nothing_is_held(harness).await;
    }

    async fn a_retired_key_has_its_end_and_nothing_else_changes(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1), &key(2)]).await;
        let mut tx = ok(stores.signing_keys.begin().await);
        assert!(ok(tx.signing_keys().retire(&key_id(1), &retirement()).await));
        ok(tx.commit().await);
        assert_eq!(listed(stores).await, [SigningKey { retirement: Some(retirement()), ..key(1) }, key(2)]);
    }

    async fn an_unknown_key_is_not_retired(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1)]).await;
        let mut tx = ok(stores.signing_keys.begin().await);
        assert!(!ok(tx.signing_keys().retire(&key_id(2), &retirement()).await));
        ok(tx.commit().await);
        assert_eq!(listed(stores).await, [key(1)]);
    }

    async fn a_key_is_deleted_by_its_id(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1), &key(2)]).await;
        for (number, deleted) in [(3, false), (1, true)] {
            let mut tx = ok(stores.signing_keys.begin().await);
            assert_eq!(ok(tx.signing_keys().delete(&key_id(number)).await), deleted, "key {number}");
            ok(tx.commit().await);
        }
        assert_eq!(listed(stores).await, [key(2)]);
    }

    async fn a_lock_returns_the_keys_with_the_changes_of_the_transaction(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1)]).await;
        let mut tx = ok(stores.signing_keys.begin().await);
        ok(tx.signing_keys().lock_all().await);
        ok(tx.signing_keys().insert(&key(2)).await);
        assert_eq!(ok(tx.signing_keys().lock_all().await), [key(1), key(2)]);
    }

    async fn changed_keys_and_their_event_are_visible_together(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.signing_keys.begin().await);
        ok(tx.signing_keys().insert(&key(1)).await);
        ok(tx.events().append(&event(1)).await);
        ok(tx.commit().await);
        assert_eq!(listed(stores).await, [key(1)]);
        let trail = ok(stores.audit.list_events(None, tessera_kernel::PageRequest::default()).await);
        assert_eq!(trail.items, [event(1)]);
    }

    async fn uncommitted_keys_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.signing_keys.begin().await);
        ok(tx.signing_keys().insert(&key(1)).await);
        assert_eq!(listed(stores).await, []);
    }

    async fn dropped_changes_of_keys_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1)]).await;
        let mut tx = ok(stores.signing_keys.begin().await);
        ok(tx.signing_keys().insert(&key(2)).await);
        assert!(ok(tx.signing_keys().delete(&key_id(1)).await));
        drop(tx);
        ok(insert(&*stores.signing_keys, &key(3)).await);
        assert_eq!(listed(stores).await, [key(1), key(3)]);
        nothing_is_held(harness).await;
    }

    async fn readers_do_not_wait_for_the_lock(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_signing_keys([&key(1)]).await;
        let mut tx = ok(stores.signing_keys.begin().await);
        ok(tx.signing_keys().lock_all().await);
        ok(tx.signing_keys().delete(&key_id(1)).await);
        assert_eq!(listed(stores).await, [key(1)]);
        ok(tx.commit().await);
        assert_eq!(listed(stores).await, []);
    }

    async fn of_eight_that_find_no_key_one_adds_it(harness: &impl Harness) {
        let store = harness.stores().signing_keys.clone();
        let attempts = at_once(harness, 8, |number| insert_first(store.clone(), key(number))).await;
        let first: Vec<bool> = attempts.into_iter().filter(|first| *first).collect();
        assert_eq!(first.len(), 1);
        assert_eq!(listed(harness.stores()).await.len(), 1);
        assert!(some(listed(harness.stores()).await.first()).retirement.is_none());
        nothing_is_held(harness).await;
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        let mut first = ok(stores.signing_keys.begin().await);
        ok(first.signing_keys().lock_all().await);
        let read = async || listed(stores).await;
        second_leaves_while_first_holds(insert_locked(stores.signing_keys.clone(), key(1)), read).await;
        ok(first.signing_keys().insert(&key(2)).await);
        ok(in_time(first.commit()).await);
        let mut next = ok(in_time(stores.signing_keys.begin()).await);
        assert_eq!(ok(in_time(next.signing_keys().lock_all()).await), [key(2)]);
        drop(next);
        nothing_is_held(harness).await;
    }

    async fn an_audit_entry_of_an_organization_is_stored(harness: &impl Harness) {
        audit_entry_is_stored!(harness, signing_keys);
    }

    async fn commits_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        harness.stores().add_signing_keys([&key(1)]).await;
        let mut lost = ok(harness.stores().signing_keys.begin().await);
        ok(lost.signing_keys().delete(&key_id(1)).await);
        drop(lost);
        harness.reopen().await?;
        assert_eq!(listed(harness.stores()).await, [key(1)]);
        Ok(())
    }
);
