//! Contract of [`ApiKeyStore`].

use std::sync::Arc;

use tessera_apikeys::{
    model::{ApiKey, KeyKind, KeyState, KeyUse, SecretUse, StoredKey},
    ports::{ApiKeyStore, ApiKeyTransaction},
};
use tessera_kernel::{ApiKeyId, PageRequest, PermissionSet, SecretHash, StoreError};
use time::{Duration, OffsetDateTime};

use super::world::{self, Tenant, neighbour_of, tenant};
use crate::{
    Harness, Stores,
    builders::{
        NOW, api_key, api_key_id, application, bare_user, catalogue, event, key_use, organization_id, secret_use, user,
        user_id,
    },
    concurrency::{at_once, attempts_at_once, dropped_after, end_while_held, in_time, nothing_is_held, one_wins},
    expectations::{conflict, ok, some},
};

async fn insert(store: Arc<dyn ApiKeyStore>, key: StoredKey) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.keys().insert(&key).await?;
    tx.commit().await
}

async fn revoke(store: Arc<dyn ApiKeyStore>, id: ApiKeyId, at: OffsetDateTime) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let revoked = tx.keys().revoke(id, at).await?;
    tx.commit().await?;
    Ok(revoked)
}

async fn find(store: &dyn ApiKeyStore, number: u32) -> Option<ApiKey> {
    ok(in_time(store.find_key(api_key_id(number))).await)
}

async fn by_hash(stores: &Stores, hash: &SecretHash) -> Option<StoredKey> {
    ok(in_time(stores.api_keys.find_key_by_hash(KeyKind::Application, hash)).await).map(|found| found.stored)
}

fn key(number: u32, tenant: &Tenant) -> StoredKey {
    api_key(number, &tenant.application, tenant.owner.id)
}

/// The time `seconds` and one microsecond after the creation of the key.
fn later(seconds: u32) -> OffsetDateTime {
    NOW + Duration::seconds(i64::from(seconds)) + Duration::MICROSECOND
}

/// A tenant with key 1, and an open transaction that has inserted key 2 and revoked key 1.
async fn open_changes(stores: &Stores) -> (Tenant, Box<dyn ApiKeyTransaction>) {
    let tenant = tenant(stores, 1).await;
    stores.add_keys([&key(1, &tenant)]).await;
    let mut tx = ok(stores.api_keys.begin().await);
    ok(tx.keys().insert(&key(2, &tenant)).await);
    assert!(ok(tx.keys().revoke(api_key_id(1), later(1)).await));
    (tenant, tx)
}

contract!(
    use api_key_store as api_key_store_contract;

    async fn a_key_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let mut issued = key(1, &tenant(stores, 1).await);
        issued.key.last_use = Some(key_use(later(7)));
        stores.add_keys([&issued]).await;
        assert_eq!(by_hash(stores, &issued.hash).await.as_ref(), Some(&issued));
        assert_eq!(find(&*stores.api_keys, 1).await, Some(issued.key));
    }

    async fn a_key_with_nothing_optional_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let mut issued = key(1, &tenant(stores, 1).await);
        issued.key =
            ApiKey { description: None, permissions: PermissionSet::default(), expires_at: None, ..issued.key };
        stores.add_keys([&issued]).await;
        assert_eq!(by_hash(stores, &issued.hash).await, Some(issued));
    }

    async fn a_revoked_key_that_replaces_another_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let mut issued = key(2, &tenant);
        issued.key.state = KeyState::Revoked { at: later(1) };
        issued.key.rotated_from = Some(api_key_id(1));
        issued.key.permissions = catalogue();
        stores.add_keys([&key(1, &tenant), &issued]).await;
        assert_eq!(find(&*stores.api_keys, 2).await, Some(issued.key));
    }

    async fn a_key_is_found_by_its_hash_alone(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let mut twin = key(2, &tenant);
        twin.key.key_prefix.clone_from(&key(1, &tenant).key.key_prefix);
        stores.add_keys([&key(1, &tenant), &twin]).await;
        assert_eq!(by_hash(stores, &twin.hash).await, Some(twin));
    }

    async fn an_unknown_key_is_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        assert_eq!(find(&*stores.api_keys, 2).await, None);
        assert_eq!(by_hash(stores, &SecretHash::from_bytes([0; 32])).await, None);
    }

    async fn a_key_requires_its_application(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let unknown = application(2, tenant.organization.id);
        conflict(insert(stores.api_keys.clone(), api_key(1, &unknown, tenant.owner.id)).await, StoreError::REFERENCE);
    }

    async fn ids_and_hashes_of_keys_are_unique(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let (one, other) = (key(1, &tenant), key(2, &tenant));
        stores.add_keys([&one]).await;
        let same_hash = StoredKey { hash: one.hash, ..other.clone() };
        conflict(insert(stores.api_keys.clone(), same_hash).await, "api_keys_key_hash");
        conflict(insert(stores.api_keys.clone(), StoredKey { hash: other.hash, ..one }).await, "api_keys_id");
    }

    async fn keys_are_listed_in_pages_by_id_including_revoked_ones(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let mut all: Vec<StoredKey> = (1..=5).map(|number| key(number, &tenant)).collect();
        all[2].key.state = KeyState::Revoked { at: later(1) };
        stores.add_keys(all.iter().rev()).await;
        let expected: Vec<ApiKey> = all.into_iter().map(|issued| issued.key).collect();
        world::pages_in_order(&expected, |page| stores.api_keys.list_keys(tenant.application.id, page)).await;
    }

    async fn the_longest_page_of_keys_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys(&(1..=201).map(|number| key(number, &tenant)).collect::<Vec<_>>()).await;
        world::longest_page(|page| stores.api_keys.list_keys(tenant.application.id, page)).await;
    }

    async fn an_unknown_application_has_no_keys(harness: &impl Harness) {
        let store = &harness.stores().api_keys;
        let unknown = application(1, organization_id(1)).id;
        world::is_empty(|page| store.list_keys(unknown, page)).await;
    }

    async fn keys_of_other_applications_are_not_listed(harness: &impl Harness) {
        let stores = harness.stores();
        let (one, other) = (tenant(stores, 1).await, tenant(stores, 2).await);
        stores.add_keys([&key(1, &one), &key(2, &other)]).await;
        let page = ok(stores.api_keys.list_keys(one.application.id, PageRequest::default()).await);
        assert_eq!((page.items, page.next), (vec![key(1, &one).key], None));
    }

    async fn the_creator_of_a_key_may_have_an_address(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &bare_user(2)]).await;
        let mut tx = ok(stores.api_keys.begin().await);
        for (number, address) in [(1, user(1).email), (2, None), (9, None)] {
            assert_eq!(ok(tx.keys().address_of(user_id(number)).await), address);
        }
    }

    async fn a_revocation_changes_only_the_state(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant), &key(2, &tenant)]).await;
        assert!(ok(revoke(stores.api_keys.clone(), api_key_id(1), later(1)).await));
        let revoked = ApiKey { state: KeyState::Revoked { at: later(1) }, ..key(1, &tenant).key };
        assert_eq!(find(&*stores.api_keys, 1).await, Some(revoked));
        assert_eq!(find(&*stores.api_keys, 2).await, Some(key(2, &tenant).key));
    }

    async fn a_revoked_key_is_not_revoked_again(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        assert!(ok(revoke(stores.api_keys.clone(), api_key_id(1), later(1)).await));
        assert!(!ok(revoke(stores.api_keys.clone(), api_key_id(1), later(2)).await));
        assert_eq!(some(find(&*stores.api_keys, 1).await).revoked_at(), Some(later(1)));
    }

    async fn an_unknown_key_is_not_revoked(harness: &impl Harness) {
        assert!(!ok(revoke(harness.stores().api_keys.clone(), api_key_id(1), later(1)).await));
    }

    async fn of_eight_that_revoke_a_key_one_does(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        let revoked = at_once(harness, 8, |n| revoke(stores.api_keys.clone(), api_key_id(1), later(n))).await;
        let winners: Vec<usize> = (0..8).filter(|n| revoked[*n]).collect();
        assert_eq!(winners.len(), 1);
        let at = some(find(&*stores.api_keys, 1).await).revoked_at();
        assert_eq!(at, Some(later(ok(u32::try_from(winners[0])))));
    }

    async fn uses_change_only_the_last_use(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys(&[1, 2, 3].map(|number| key(number, &tenant))).await;
        ok(stores.api_keys.record_uses(&[secret_use(1, later(1)), secret_use(3, later(3))]).await);
        for (number, used) in [(1, Some(later(1))), (2, None), (3, Some(later(3)))] {
            let expected = ApiKey { last_use: used.map(key_use), ..key(number, &tenant).key };
            assert_eq!(find(&*stores.api_keys, number).await, Some(expected));
        }
    }

    async fn the_time_of_the_last_use_never_decreases(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        for seconds in [5, 9, 7, 2] {
            ok(stores.api_keys.record_uses(&[secret_use(1, later(seconds))]).await);
        }
        assert_eq!(some(find(&*stores.api_keys, 1).await).last_used(), Some(later(9)));
    }

    async fn a_last_use_without_a_client_replaces_one_with_a_client(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        let bare = KeyUse { at: later(2), address: None, user_agent: None };
        for used in [key_use(later(1)), bare.clone()] {
            ok(stores.api_keys.record_uses(&[SecretUse { used, ..secret_use(1, NOW) }]).await);
        }
        assert_eq!(some(find(&*stores.api_keys, 1).await).last_use, Some(bare));
    }

    async fn a_use_does_not_activate_a_revoked_key(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        assert!(ok(revoke(stores.api_keys.clone(), api_key_id(1), later(1)).await));
        ok(stores.api_keys.record_uses(&[secret_use(1, later(2))]).await);
        assert_eq!(some(find(&*stores.api_keys, 1).await).revoked_at(), Some(later(1)));
    }

    async fn uses_of_deleted_keys_are_ignored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(2, &tenant(stores, 1).await)]).await;
        let uses = [1, 2, 3].map(|number| secret_use(number, later(1)));
        ok(stores.api_keys.record_uses(&uses).await);
        assert_eq!(some(find(&*stores.api_keys, 2).await).last_used(), Some(later(1)));
    }

    async fn a_batch_without_uses_is_nothing(harness: &impl Harness) {
        ok(harness.stores().api_keys.record_uses(&[]).await);
    }

    async fn a_batch_may_be_long(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant), &key(1_000, &tenant)]).await;
        // The domain writes at most this many uses at once.
        let uses: Vec<_> = (1..=1_000).map(|number| secret_use(number, later(1))).collect();
        ok(in_time(stores.api_keys.record_uses(&uses)).await);
        assert_eq!(some(find(&*stores.api_keys, 1).await).last_used(), Some(later(1)));
        assert_eq!(some(find(&*stores.api_keys, 1_000).await).last_used(), Some(later(1)));
    }

    async fn concurrent_batches_keep_the_latest_use(harness: &impl Harness) {
        async fn record(store: Arc<dyn ApiKeyStore>, seconds: u32) -> Result<(), StoreError> {
            let uses: Vec<_> = (1..=20).map(|number| secret_use(number, later(seconds))).collect();
            store.record_uses(&uses).await
        }
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys(&(1..=20).map(|number| key(number, &tenant)).collect::<Vec<_>>()).await;
        at_once(harness, 8, |n| record(stores.api_keys.clone(), n * 3 % 8)).await;
        let listed = ok(stores.api_keys.list_keys(tenant.application.id, PageRequest::default()).await).items;
        assert!(listed.iter().all(|key| key.last_used() == Some(later(7))));
    }

    async fn uses_and_a_revocation_do_not_undo_each_other(harness: &impl Harness) {
        async fn use_or_revoke(store: Arc<dyn ApiKeyStore>, n: u32) -> Result<(), StoreError> {
            if n != 4 {
                return store.record_uses(&[secret_use(1, later(n))]).await;
            }
            assert!(revoke(store, api_key_id(1), later(100)).await?);
            Ok(())
        }
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        at_once(harness, 8, |n| use_or_revoke(stores.api_keys.clone(), n)).await;
        let found = some(find(&*stores.api_keys, 1).await);
        assert_eq!((found.revoked_at(), found.last_used()), (Some(later(100)), Some(later(7))));
    }

    async fn committed_changes_are_visible_together(harness: &impl Harness) {
        let stores = harness.stores();
        let issued = key(1, &tenant(stores, 1).await);
        let mut tx = ok(stores.api_keys.begin().await);
        ok(tx.keys().insert(&issued).await);
        ok(tx.events().append(&event(1)).await);
        ok(tx.commit().await);
        assert_eq!(find(&*stores.api_keys, 1).await, Some(issued.key));
        assert_eq!(ok(stores.audit.list_events(None, PageRequest::default()).await).items, [event(1)]);
    }

    async fn uncommitted_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        let (tenant, _tx) = open_changes(stores).await;
        assert_eq!(find(&*stores.api_keys, 1).await, Some(key(1, &tenant).key));
        assert_eq!(
            ok(in_time(stores.api_keys.find_key_by_hash(KeyKind::Application, &key(2, &tenant).hash)).await),
            None
        );
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        let (tenant, mut tx) = open_changes(stores).await;
        ok(tx.events().append(&event(1)).await);
        drop(tx);
        ok(in_time(insert(stores.api_keys.clone(), key(2, &tenant))).await);
        assert!(ok(in_time(revoke(stores.api_keys.clone(), api_key_id(1), later(2))).await));
        world::is_empty(|page| stores.audit.list_events(None, page)).await;
        nothing_is_held(harness).await;
    }

    async fn of_eight_keys_with_one_hash_one_is_added(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let same = |number| StoredKey { hash: key(99, &tenant).hash, ..key(number, &tenant) };
        let attempts = attempts_at_once(harness, 8, |number| insert(stores.api_keys.clone(), same(number))).await;
        one_wins(attempts, "api_keys_key_hash");
        nothing_is_held(harness).await;
    }

    async fn an_aborted_task_returns_its_connection(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        let store = stores.api_keys.clone();
        end_while_held(async move {
            let mut tx = ok(store.begin().await);
            assert!(ok(tx.keys().revoke(api_key_id(1), later(1)).await));
            tx
        })
        .await;
        ok(in_time(stores.api_keys.record_uses(&[secret_use(1, later(2))])).await);
        let found = some(find(&*stores.api_keys, 1).await);
        assert_eq!((found.revoked_at(), found.last_used()), (None, Some(later(2))));
        nothing_is_held(harness).await;
    }

    async fn rejected_inserts_hold_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_users([&user(2)]).await;
        let unknown = application(2, tenant.organization.id);
        for number in 0..64 {
            let refused = insert(stores.api_keys.clone(), api_key(number, &unknown, tenant.owner.id));
            conflict(in_time(refused).await, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }

    async fn hashes_that_differ_in_their_last_byte_are_two_keys(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let one = key(1, &tenant);
        let other = StoredKey { hash: neighbour_of(one.hash), ..key(2, &tenant) };
        stores.add_keys([&one]).await;
        assert_eq!(by_hash(stores, &other.hash).await, None);
        stores.add_keys([&other]).await;
        for stored in [one, other] {
            assert_eq!(by_hash(stores, &stored.hash).await, Some(stored));
        }
    }

    async fn a_batch_dropped_at_any_await_is_complete_or_absent(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys(&[1, 2, 3, 4].map(|number| key(number, &tenant))).await;
        for waits in 0..24 {
            let at = later(ok(u32::try_from(waits)) + 1);
            let uses = [1, 2, 3, 4].map(|number| secret_use(number, at));
            let done = dropped_after(waits, stores.api_keys.record_uses(&uses)).await.is_some();
            let listed = ok(stores.api_keys.list_keys(tenant.application.id, PageRequest::default()).await).items;
            let recorded = listed.iter().filter(|key| key.last_used() == Some(at)).count();
            assert!(recorded == 4 || (recorded == 0 && !done), "after {waits} waits: {recorded}, done {done}");
        }
        nothing_is_held(harness).await;
    }
);
