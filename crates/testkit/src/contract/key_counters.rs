//! Contract of [`KeyCounters`](tessera_apikeys::ports::KeyCounters).

use std::sync::Arc;

use tessera_apikeys::{
    model::{KeyLimit, LimitName, Refill, RefillInterval, UseLimit},
    ports::{ApiKeyStore, WindowCounter},
};
use tessera_kernel::StoreError;
use time::Duration;

use super::world::tenant;
use crate::{
    Harness, Skip, Stores,
    builders::{NOW, api_key, api_key_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{ok, parsed, some},
};

fn uses(remaining: i64) -> UseLimit {
    let refill = Some(Refill { amount: ok(50.try_into()), interval: RefillInterval::Day });
    UseLimit { remaining: ok(remaining.try_into()), since: NOW, refill }
}

fn name() -> LimitName {
    parsed("per-hour")
}

/// Key 1 with a limit and remaining uses, and key 2 without.
async fn keys(stores: &Stores) {
    let tenant = tenant(stores, 1).await;
    let mut limited = api_key(1, &tenant.application, tenant.owner.id);
    limited.key.restrictions.uses = Some(uses(40));
    let limit = KeyLimit { name: name(), requests: ok(100.try_into()), window: ok(3_600.try_into()) };
    limited.key.restrictions.limits = ok(vec![limit].try_into());
    stores.add_keys([&limited, &api_key(2, &tenant.application, tenant.owner.id)]).await;
}

async fn remaining(stores: &Stores) -> Option<UseLimit> {
    some(ok(in_time(stores.api_keys.find_key(api_key_id(1))).await)).restrictions.uses
}

async fn counter(stores: &Stores) -> WindowCounter {
    let mut tx = ok(stores.api_keys.begin().await);
    some(ok(tx.counters().lock_window(api_key_id(1), &name()).await)).0
}

/// Takes one use and one request.
async fn take_one(store: Arc<dyn ApiKeyStore>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let (uses, _) = some(tx.counters().lock_uses(api_key_id(1)).await?);
    tx.counters().set_uses(api_key_id(1), uses.without(1)).await?;
    let (window, _) = some(tx.counters().lock_window(api_key_id(1), &name()).await?);
    let window = WindowCounter { taken: window.taken + 1, ..window };
    tx.counters().set_window(api_key_id(1), &name(), window).await?;
    tx.commit().await
}

contract!(
    use key_counters as key_counters_contract;

    async fn counters_are_returned_as_they_were_set(harness: &impl Harness) {
        let stores = harness.stores();
        keys(stores).await;
        let before = ok(stores.challenges.now().await);
        let mut tx = ok(stores.api_keys.begin().await);
        let (found, at) = some(ok(tx.counters().lock_uses(api_key_id(1)).await));
        assert_eq!(found, uses(40));
        let (window, also_at) = some(ok(tx.counters().lock_window(api_key_id(1), &name()).await));
        assert_eq!(window, WindowCounter::UNUSED);
        assert!(at >= before && also_at >= at, "{before} {at} {also_at}");
        let later = UseLimit { since: NOW + Duration::MICROSECOND, ..uses(1_000_000_000) };
        let taken = WindowCounter { taken: 1_000_000_000, since: NOW + Duration::MICROSECOND };
        ok(tx.counters().set_uses(api_key_id(1), later).await);
        ok(tx.counters().set_window(api_key_id(1), &name(), taken).await);
        assert_eq!(some(ok(tx.counters().lock_uses(api_key_id(1)).await)).0, later);
        ok(tx.commit().await);
        assert_eq!(remaining(stores).await, Some(later));
        assert_eq!(counter(stores).await, taken);
    }

    async fn keys_without_limits_have_no_counters(harness: &impl Harness) {
        let stores = harness.stores();
        keys(stores).await;
        let mut tx = ok(stores.api_keys.begin().await);
        for number in [2, 3] {
            assert_eq!(ok(tx.counters().lock_uses(api_key_id(number)).await), None);
            assert_eq!(ok(tx.counters().lock_window(api_key_id(number), &name()).await), None);
        }
        assert_eq!(ok(tx.counters().lock_window(api_key_id(1), &parsed("other")).await), None);
    }

    async fn uncommitted_counters_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        keys(stores).await;
        let mut tx = ok(stores.api_keys.begin().await);
        some(ok(tx.counters().lock_uses(api_key_id(1)).await));
        ok(tx.counters().set_uses(api_key_id(1), uses(1)).await);
        drop(tx);
        assert_eq!(remaining(stores).await, Some(uses(40)));
        nothing_is_held(harness).await;
    }

    async fn of_forty_that_take_one_each_gets_its_own(harness: &impl Harness) {
        let stores = harness.stores();
        keys(stores).await;
        at_once(harness, 40, |_| take_one(stores.api_keys.clone())).await;
        assert_eq!(remaining(stores).await, Some(uses(0)));
        assert_eq!(counter(stores).await.taken, 40);
        nothing_is_held(harness).await;
    }

    async fn of_forty_that_take_one_request_each_gets_its_own(harness: &impl Harness) {
        async fn take(store: Arc<dyn ApiKeyStore>) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            let (window, _) = some(tx.counters().lock_window(api_key_id(1), &name()).await?);
            let window = WindowCounter { taken: window.taken + 1, ..window };
            tx.counters().set_window(api_key_id(1), &name(), window).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        keys(stores).await;
        at_once(harness, 40, |_| take(stores.api_keys.clone())).await;
        assert_eq!(counter(stores).await.taken, 40);
    }

    async fn a_taken_use_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        keys(harness.stores()).await;
        ok(take_one(harness.stores().api_keys.clone()).await);
        harness.reopen().await?;
        assert_eq!(remaining(harness.stores()).await, Some(uses(39)));
        assert_eq!(counter(harness.stores()).await.taken, 1);
        Ok(())
    }
);
