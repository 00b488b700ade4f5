//! Contract of [`ApiKeyRows`](tessera_apikeys::ports::ApiKeyRows) for changes and rotations of keys.

use std::sync::Arc;

use tessera_apikeys::{
    model::{
        AllowedAddresses, ApiKey, FoundKey, KeyKind, KeyLimit, KeyLimits, KeyOwner, KeyRestrictions, KeySecret,
        KeyState, Refill, RefillInterval, SecretUse, StoredKey, UseLimit,
    },
    ports::{ApiKeyStore, WindowCounter},
};
use tessera_kernel::{KeyScope, PageRequest, PermissionSet, SecretHash, StoreError};
use time::{Duration, OffsetDateTime};

use super::world::{Tenant, tenant};
use crate::{
    Harness, Stores,
    builders::{
        NOW, api_key, api_key_id, application_id, key_hash, key_use, organization_id, organization_key, permissions,
        secret_use, user,
    },
    concurrency::{at_once, in_time, second_comes_while_first_holds},
    expectations::{conflict, ok, parsed, some},
};

fn key(number: u32, tenant: &Tenant) -> StoredKey {
    api_key(number, &tenant.application, tenant.owner.id)
}

fn limit(name: &str, requests: i64, seconds: i64) -> KeyLimit {
    KeyLimit { name: parsed(name), requests: ok(requests.try_into()), window: ok(seconds.try_into()) }
}

/// Every restriction that there is.
fn restrictions() -> KeyRestrictions {
    let networks = ["192.0.2.0/24", "2001:db8::/32", "198.51.100.7"].map(parsed).to_vec();
    let limits = vec![limit("burst", 10, 1), limit("per-month", 1_000_000_000, 2_592_000)];
    let refill = Refill { amount: ok(1_000_000_000.try_into()), interval: RefillInterval::Month };
    KeyRestrictions {
        allowed_addresses: ok(AllowedAddresses::try_from(networks)),
        limits: ok(KeyLimits::try_from(limits)),
        uses: Some(UseLimit { remaining: ok(7.try_into()), since: NOW, refill: Some(refill) }),
    }
}

/// A new secret with the hash of the key of that number.
fn secret(number: u32) -> KeySecret {
    KeySecret { hash: key_hash(number), key_prefix: "ask_next".to_owned(), created_at: NOW + Duration::HOUR }
}

fn overlap_end() -> OffsetDateTime {
    NOW + Duration::DAY
}

async fn by_hash(stores: &Stores, hash: &SecretHash) -> Option<FoundKey> {
    ok(in_time(stores.api_keys.find_key_by_hash(KeyKind::Application, hash)).await)
}

async fn find(stores: &Stores, number: u32) -> ApiKey {
    some(ok(in_time(stores.api_keys.find_key(api_key_id(number))).await))
}

async fn update(store: Arc<dyn ApiKeyStore>, key: ApiKey) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    tx.keys().lock_key(key.id).await?;
    let updated = tx.keys().update(&key).await?;
    tx.commit().await?;
    Ok(updated)
}

async fn rotate(stores: &Stores, number: u32, to: &KeySecret) -> Result<bool, StoreError> {
    let mut tx = stores.api_keys.begin().await?;
    tx.keys().lock_key(api_key_id(number)).await?;
    let rotated = tx.keys().rotate(api_key_id(number), to, overlap_end()).await?;
    tx.commit().await?;
    Ok(rotated)
}

async fn revoke(stores: &Stores, number: u32) {
    let mut tx = ok(stores.api_keys.begin().await);
    assert!(ok(tx.keys().revoke(api_key_id(number), NOW).await));
    ok(tx.commit().await);
}

async fn window(stores: &Stores, name: &str) -> Option<WindowCounter> {
    let mut tx = ok(stores.api_keys.begin().await);
    ok(tx.counters().lock_window(api_key_id(1), &parsed(name)).await).map(|(counter, _)| counter)
}

contract!(
    use key_changes as key_changes_contract;

    async fn a_restricted_key_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let mut issued = key(1, &tenant(stores, 1).await);
        issued.key.restrictions = restrictions();
        stores.add_keys([&issued]).await;
        assert_eq!(find(stores, 1).await, issued.key);
        assert_eq!(some(by_hash(stores, &issued.hash).await).stored, issued);
        let listed = ok(stores.api_keys.list_keys(application_id(1), PageRequest::default()).await).items;
        assert_eq!(listed, [issued.key]);
        assert_eq!(window(stores, "burst").await, Some(WindowCounter::UNUSED));
    }

    async fn an_update_changes_what_can_be_edited_and_nothing_else(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant), &key(2, &tenant)]).await;
        let before = key(1, &tenant).key;
        let changed = ApiKey {
            description: None,
            permissions: permissions(["goods:ship"]),
            restrictions: restrictions(),
            state: KeyState::Disabled { at: NOW + Duration::SECOND },
            // None of these can be edited.
            owner: KeyOwner::Application(application_id(9)),
            organization_id: organization_id(9),
            key_prefix: "ask_else".to_owned(),
            scope: KeyScope::Read,
            created_at: NOW - Duration::DAY,
            expires_at: None,
            last_use: Some(key_use(NOW)),
            rotated_at: Some(NOW),
            ..before.clone()
        };
        assert!(ok(update(stores.api_keys.clone(), changed.clone()).await));
        let ApiKey { description, permissions, restrictions, state, .. } = changed;
        let expected = ApiKey { description, permissions, restrictions, state, ..before.clone() };
        assert_eq!(find(stores, 1).await, expected);
        assert_eq!(find(stores, 2).await, key(2, &tenant).key);
        assert!(ok(update(stores.api_keys.clone(), before.clone()).await));
        assert_eq!(find(stores, 1).await, before);
        let bare = ApiKey { permissions: PermissionSet::default(), ..before };
        assert!(ok(update(stores.api_keys.clone(), bare.clone()).await));
        assert_eq!(some(by_hash(stores, &key_hash(1)).await).stored.key, bare);
    }

    async fn revoked_and_unknown_keys_are_not_updated(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant)]).await;
        revoke(stores, 1).await;
        let enabled = ApiKey { description: None, ..key(1, &tenant).key };
        assert!(!ok(update(stores.api_keys.clone(), enabled).await));
        let expected = ApiKey { state: KeyState::Revoked { at: NOW }, ..key(1, &tenant).key };
        assert_eq!(find(stores, 1).await, expected);
        assert!(!ok(update(stores.api_keys.clone(), key(2, &tenant).key).await));
    }

    async fn a_disabled_key_can_be_revoked(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant)]).await;
        let disabled = ApiKey { state: KeyState::Disabled { at: NOW }, ..key(1, &tenant).key };
        assert!(ok(update(stores.api_keys.clone(), disabled).await));
        revoke(stores, 1).await;
        assert_eq!(find(stores, 1).await.state, KeyState::Revoked { at: NOW });
    }

    async fn limits_that_keep_their_name_keep_their_counter(harness: &impl Harness) {
        let stores = harness.stores();
        let mut issued = key(1, &tenant(stores, 1).await);
        issued.key.restrictions.limits = ok(vec![limit("kept", 5, 60), limit("gone", 5, 60)].try_into());
        stores.add_keys([&issued]).await;
        let counter = WindowCounter { taken: 4, since: NOW };
        for name in ["kept", "gone"] {
            let mut tx = ok(stores.api_keys.begin().await);
            some(ok(tx.counters().lock_window(api_key_id(1), &parsed(name)).await));
            ok(tx.counters().set_window(api_key_id(1), &parsed(name), counter).await);
            ok(tx.commit().await);
        }
        issued.key.restrictions.limits = ok(vec![limit("new", 5, 60), limit("kept", 9, 30)].try_into());
        assert!(ok(update(stores.api_keys.clone(), issued.key).await));
        assert_eq!(window(stores, "kept").await, Some(counter));
        assert_eq!(window(stores, "gone").await, None);
        assert_eq!(window(stores, "new").await, Some(WindowCounter::UNUSED));
    }

    async fn a_rotated_key_is_found_by_both_secrets(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let mut issued = key(1, &tenant);
        issued.key.last_use = Some(key_use(NOW + Duration::MINUTE));
        stores.add_keys([&issued, &key(2, &tenant)]).await;
        assert!(ok(rotate(stores, 1, &secret(9)).await));
        let mut expected = issued.key.clone();
        expected.rotate(&secret(9), overlap_end());
        assert_eq!(find(stores, 1).await, expected);
        let listed = ok(stores.api_keys.list_keys(application_id(1), PageRequest::default()).await).items;
        assert_eq!(listed, [expected.clone(), key(2, &tenant).key]);
        // A lookup by a secret does not read the other one.
        let key = ApiKey { previous: None, ..expected };
        for (hash, expires_at) in [(key_hash(9), None), (issued.hash, Some(overlap_end()))] {
            let found = some(by_hash(stores, &hash).await);
            assert_eq!((found.stored.key, found.stored.hash), (key.clone(), hash));
            assert_eq!(found.secret_expires_at, expires_at);
        }
    }

    async fn the_second_rotation_removes_the_first_secret(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant)]).await;
        assert!(ok(rotate(stores, 1, &secret(8)).await));
        let second = KeySecret { created_at: NOW + Duration::hours(2), key_prefix: "ask_last".to_owned(), ..secret(9) };
        assert!(ok(rotate(stores, 1, &second).await));
        assert_eq!(by_hash(stores, &key_hash(1)).await, None);
        assert!(by_hash(stores, &key_hash(8)).await.is_some() && by_hash(stores, &key_hash(9)).await.is_some());
        let found = find(stores, 1).await;
        let previous = some(found.previous);
        assert_eq!((previous.key_prefix, previous.created_at), (secret(8).key_prefix, secret(8).created_at));
        assert_eq!((found.key_prefix, found.rotated_at), (second.key_prefix, Some(second.created_at)));
    }

    async fn an_organization_key_is_rotated_like_any_other(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let issued = organization_key(1, organization_id(1), KeyOwner::User(tenant.owner.id), tenant.owner.id);
        stores.add_keys([&issued]).await;
        assert!(ok(rotate(stores, 1, &secret(9)).await));
        for hash in [issued.hash, key_hash(9)] {
            let found = some(ok(stores.api_keys.find_key_by_hash(KeyKind::Organization, &hash).await));
            assert_eq!(found.stored.key.id, issued.key.id);
            assert_eq!(by_hash(stores, &hash).await, None);
        }
    }

    async fn a_rotation_to_the_hash_of_a_key_is_a_conflict(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant), &key(2, &tenant)]).await;
        conflict(rotate(stores, 1, &secret(2)).await, "api_keys_key_hash");
        assert_eq!(find(stores, 1).await, key(1, &tenant).key);
    }

    async fn revoked_and_unknown_keys_are_not_rotated(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        revoke(stores, 1).await;
        assert!(!ok(rotate(stores, 1, &secret(9)).await));
        assert!(!ok(rotate(stores, 2, &secret(9)).await));
        assert_eq!(by_hash(stores, &key_hash(9)).await, None);
    }

    async fn a_revocation_ends_both_secrets(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        assert!(ok(rotate(stores, 1, &secret(9)).await));
        revoke(stores, 1).await;
        for number in [1, 9] {
            let found = some(by_hash(stores, &key_hash(number)).await);
            assert_eq!(found.stored.key.state, KeyState::Revoked { at: NOW });
        }
    }

    async fn the_previous_secret_ends_earlier_but_not_later(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        let end = async |at| {
            let mut tx = ok(stores.api_keys.begin().await);
            some(ok(tx.keys().lock_key(api_key_id(1)).await));
            let ended = ok(tx.keys().end_previous_secret(api_key_id(1), at).await);
            ok(tx.commit().await);
            ended
        };
        assert!(!end(NOW).await, "there is none");
        assert!(ok(rotate(stores, 1, &secret(9)).await));
        for (at, ended, then) in [
            (overlap_end(), false, overlap_end()),
            (overlap_end() - Duration::MICROSECOND, true, overlap_end() - Duration::MICROSECOND),
            (overlap_end(), false, overlap_end() - Duration::MICROSECOND),
        ] {
            assert_eq!(end(at).await, ended);
            assert_eq!(some(find(stores, 1).await.previous).expires_at, then);
            assert_eq!(some(by_hash(stores, &key_hash(1)).await).secret_expires_at, Some(then));
        }
    }

    async fn uses_are_recorded_for_each_secret(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        assert!(ok(rotate(stores, 1, &secret(9)).await));
        let at = |seconds| NOW + Duration::seconds(seconds);
        let of = |hash, seconds| SecretUse { secret: key_hash(hash), ..secret_use(1, at(seconds)) };
        // The third hash belongs to no secret of the key.
        for used in [of(1, 1), of(9, 2), of(7, 8), of(1, 5), of(1, 4)] {
            ok(stores.api_keys.record_uses(&[used]).await);
        }
        let found = find(stores, 1).await;
        assert_eq!(found.last_use, Some(key_use(at(2))));
        assert_eq!(found.last_used(), Some(at(5)));
        assert_eq!(some(found.previous).last_use, Some(key_use(at(5))));
    }

    async fn a_key_is_locked_until_the_end_of_the_transaction(harness: &impl Harness) {
        async fn locked(store: Arc<dyn ApiKeyStore>) -> Result<Option<ApiKey>, StoreError> {
            let mut tx = store.begin().await?;
            let found = tx.keys().lock_key(api_key_id(1)).await?.map(|(key, _)| key);
            tx.commit().await?;
            Ok(found)
        }
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        stores.add_keys([&key(1, &tenant)]).await;
        let changed = ApiKey { description: None, ..key(1, &tenant).key };
        let mut first = ok(stores.api_keys.begin().await);
        some(ok(first.keys().lock_key(api_key_id(1)).await));
        assert!(ok(first.keys().update(&changed).await));
        let store = stores.api_keys.clone();
        let read = async || ok(stores.api_keys.find_key(api_key_id(1)).await);
        let second = second_comes_while_first_holds(harness, move || locked(store.clone()), read).await;
        if let Some(seen) = second.after(harness, first.commit()).await {
            assert_eq!(ok(seen), Some(changed));
        }
    }

    async fn a_key_of_a_deleted_application_is_not_locked(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(2)]).await;
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(application_id(1)).await));
        ok(tx.commit().await);
        let mut tx = ok(stores.api_keys.begin().await);
        assert_eq!(ok(tx.keys().lock_key(api_key_id(1)).await), None);
        assert_eq!(ok(tx.keys().lock_key(api_key_id(2)).await), None);
    }

    async fn a_change_of_a_key_and_of_its_uses_wait_for_each_other(harness: &impl Harness) {
        async fn take_or_rename(store: Arc<dyn ApiKeyStore>, number: u32) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            if number.is_multiple_of(2) {
                let (uses, _) = some(tx.counters().lock_uses(api_key_id(1)).await?);
                tx.counters().set_uses(api_key_id(1), uses.without(1)).await?;
            } else {
                let (key, _) = some(tx.keys().lock_key(api_key_id(1)).await?);
                let description = Some(parsed(&format!("change {number}")));
                tx.keys().update(&ApiKey { description, ..key }).await?;
            }
            tx.commit().await
        }
        let stores = harness.stores();
        let mut issued = key(1, &tenant(stores, 1).await);
        issued.key.restrictions = KeyRestrictions { limits: KeyLimits::default(), ..restrictions() };
        stores.add_keys([&issued]).await;
        at_once(harness, 12, |number| take_or_rename(stores.api_keys.clone(), number)).await;
        assert_eq!(some(find(stores, 1).await.restrictions.uses).remaining.get(), 1);
    }

    async fn of_eight_updates_each_sees_the_one_before(harness: &impl Harness) {
        async fn allow(store: Arc<dyn ApiKeyStore>, number: u32) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            let (mut key, _) = some(tx.keys().lock_key(api_key_id(1)).await?);
            let networks = key.restrictions.allowed_addresses.iter().copied();
            let networks = networks.chain([parsed(&format!("192.0.2.{number}"))]).collect::<Vec<_>>();
            key.restrictions.allowed_addresses = ok(networks.try_into());
            tx.keys().update(&key).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        stores.add_keys([&key(1, &tenant(stores, 1).await)]).await;
        at_once(harness, 8, |number| allow(stores.api_keys.clone(), number)).await;
        assert_eq!(find(stores, 1).await.restrictions.allowed_addresses.len(), 8);
    }
);
