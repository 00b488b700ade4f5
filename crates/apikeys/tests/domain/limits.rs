//! Limits of keys on one node and on several, which are services on one storage.

use std::collections::BTreeSet;

use futures_util::FutureExt as _;
use tessera_apikeys::{
    ApiKeys, AuthenticateKeyError, EditKey, GenerateKey, Verification, VerificationCode, VerifiedUse, VerifyKey,
    model::{ApiKey, KeyLimit, KeyLimits, NewRestrictions, RawKey, Refill, RefillInterval, UseCost, WindowSeconds},
    ports::MockApiKeyStore,
};
use tessera_kernel::{Role, SecretDigest as _, StoreError};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, application_id, origin, user_id},
    expectations::{failed, ok, parsed, some},
    fakes::FakeDigest,
};
use time::{Duration, OffsetDateTime, macros::datetime};

/// The start of an hour.
const START: OffsetDateTime = datetime!(2026-12-01 09:00 UTC);

fn limit(name: &str, requests: i64, seconds: i64) -> KeyLimit {
    KeyLimit { name: parsed(name), requests: ok(requests.try_into()), window: ok(seconds.try_into()) }
}

async fn with(command: GenerateKey) -> (Workbench, ApiKey, RawKey) {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    bench.clock.set(START);
    let (key, raw) = ok(bench.api_keys().generate_key(&actor_of(user_id(1)), command).await);
    (bench, key, raw)
}

async fn with_limits(limits: Vec<KeyLimit>) -> (Workbench, ApiKey, RawKey) {
    let restrictions = NewRestrictions { limits: ok(KeyLimits::try_from(limits)), ..NewRestrictions::default() };
    with(GenerateKey { restrictions, ..GenerateKey::of(application_id(1)) }).await
}

async fn with_uses(uses: i64, refill: Option<Refill>) -> (Workbench, ApiKey, RawKey) {
    let remaining_uses = Some(ok(uses.try_into()));
    let restrictions = NewRestrictions { remaining_uses, refill, ..NewRestrictions::default() };
    with(GenerateKey { restrictions, ..GenerateKey::of(application_id(1)) }).await
}

async fn verify(node: &ApiKeys, raw: &RawKey, cost: i64) -> Verification {
    let cost: UseCost = ok(cost.try_into());
    let question = VerifyKey { key: raw.expose().to_owned(), permissions: Vec::new() };
    ok(node.verify_key(question, VerifiedUse { cost, ..VerifiedUse::default() }).await)
}

/// The number of valid ones among that many verifications, which take turns on the nodes.
async fn admitted(nodes: &[&ApiKeys], raw: &RawKey, count: usize) -> usize {
    let mut admitted = 0;
    for node in nodes.iter().cycle().take(count) {
        admitted += usize::from(verify(node, raw, 1).await.code == VerificationCode::Valid);
    }
    admitted
}

/// The uses that storage has left.
async fn stored(bench: &Workbench, key: &ApiKey) -> u32 {
    some(some(ok(bench.stores.api_keys.find_key(key.id).await)).restrictions.uses).remaining.get()
}

#[tokio::test]
async fn a_window_admits_its_requests_and_shows_what_is_left() {
    let (bench, _, raw) = with_limits(vec![limit("hour", 10, 3_600)]).await;
    let node = bench.api_keys();
    bench.clock.advance(Duration::milliseconds(1_500));
    for left in (0..10).rev() {
        let found = verify(&node, &raw, 1).await;
        assert_eq!((found.code, found.cacheable_for), (VerificationCode::Valid, Duration::ZERO));
        let state = &found.limits[0];
        assert_eq!((state.name.as_str(), state.limit, state.remaining), ("hour", 10, left));
        assert_eq!(state.reset, Duration::seconds(3_599));
    }
    let rejected = verify(&node, &raw, 1).await;
    assert_eq!((rejected.code, rejected.limits[0].remaining), (VerificationCode::RateLimited, 0));
    let error = failed(node.authenticate_key(raw.expose(), &origin(), None).await);
    let AuthenticateKeyError::RateLimited(limited) = error else { panic!("{error:?}") };
    assert_eq!((limited.retry_after, limited.limit.quota), (Duration::seconds(3_599), 10));
    // The next window begins at the full hour, whenever the first use was.
    bench.clock.set(START + Duration::HOUR - Duration::MICROSECOND);
    assert_eq!(verify(&node, &raw, 1).await.code, VerificationCode::RateLimited);
    bench.clock.set(START + Duration::HOUR);
    assert_eq!(admitted(&[&node], &raw, 20).await, 10);
}

#[tokio::test]
async fn requests_to_this_service_count_too() {
    let (bench, _, raw) = with_limits(vec![limit("hour", 3, 3_600)]).await;
    let node = bench.api_keys();
    assert_eq!(admitted(&[&node], &raw, 1).await, 1);
    for _ in 0..2 {
        ok(node.authenticate_key(raw.expose(), &origin(), None).await);
    }
    failed(node.authenticate_key(raw.expose(), &origin(), None).await);
}

#[tokio::test]
async fn a_rejected_use_costs_nothing_in_any_limit() {
    let (bench, _, raw) = with_limits(vec![limit("wide", 10, 3_600), limit("narrow", 2, 60)]).await;
    let node = bench.api_keys();
    assert_eq!(verify(&node, &raw, 3).await.code, VerificationCode::RateLimited);
    assert_eq!(admitted(&[&node], &raw, 5).await, 2);
    let found = verify(&node, &raw, 0).await;
    assert_eq!(found.code, VerificationCode::Valid);
    assert_eq!(found.limits.iter().map(|state| state.remaining).collect::<Vec<_>>(), [8, 0]);
    // The wider limit ends the last requests, and its window ends later.
    for minute in 1..=4 {
        bench.clock.set(START + Duration::minutes(minute));
        assert_eq!(admitted(&[&node], &raw, 3).await, 2, "minute {minute}");
    }
    bench.clock.set(START + Duration::minutes(5));
    let error = failed(node.authenticate_key(raw.expose(), &origin(), None).await);
    let AuthenticateKeyError::RateLimited(limited) = error else { panic!("{error:?}") };
    assert_eq!((limited.limit.quota, limited.retry_after), (10, Duration::minutes(55)));
}

#[tokio::test]
async fn a_use_can_cost_more_than_one() {
    let (bench, key, raw) = with_uses(100, None).await;
    let node = bench.api_keys();
    assert_eq!(verify(&node, &raw, 60).await.remaining_uses, Some(40));
    let rejected = verify(&node, &raw, 41).await;
    assert_eq!((rejected.code, rejected.remaining_uses), (VerificationCode::UsageExceeded, Some(40)));
    assert_eq!(verify(&node, &raw, 40).await.remaining_uses, Some(0));
    assert_eq!(verify(&node, &raw, 1).await.code, VerificationCode::UsageExceeded);
    assert_eq!(stored(&bench, &key).await, 0);
}

#[tokio::test]
async fn several_nodes_admit_exactly_the_limit_together() {
    for requests in [1, 2, 7, 100, 1_000] {
        let (bench, _, raw) = with_limits(vec![limit("hour", requests, 3_600)]).await;
        let nodes = [bench.api_keys(), bench.api_keys(), bench.api_keys()];
        let nodes: Vec<&ApiKeys> = nodes.iter().collect();
        let expected = ok(usize::try_from(requests));
        assert_eq!(admitted(&nodes, &raw, 3 * expected + 10).await, expected);
    }
    let (bench, _, raw) = with_uses(100, None).await;
    let nodes = [bench.api_keys(), bench.api_keys()];
    assert_eq!(admitted(&[&nodes[0], &nodes[1]], &raw, 300).await, 100);
}

#[tokio::test]
async fn unused_shares_return_and_can_be_used_elsewhere() {
    let (bench, key, raw) = with_uses(100, None).await;
    let (idle, busy) = (bench.api_keys(), bench.api_keys());
    assert_eq!(admitted(&[&idle], &raw, 1).await, 1);
    assert_eq!(stored(&bench, &key).await, 75);
    assert_eq!(ok(idle.return_unused_shares(false).await), 0, "it was used a moment ago");
    bench.clock.advance(Duration::seconds(2));
    assert_eq!(ok(idle.return_unused_shares(false).await), 1);
    assert_eq!(stored(&bench, &key).await, 99);
    assert_eq!(ok(idle.return_unused_shares(false).await), 0);
    assert_eq!(admitted(&[&busy], &raw, 200).await, 99);
    assert_eq!(admitted(&[&idle], &raw, 1).await, 0);
    // At shutdown everything returns at once.
    let (bench, key, raw) = with_uses(100, None).await;
    let node = bench.api_keys();
    assert_eq!(admitted(&[&node], &raw, 3).await, 3);
    assert_eq!(ok(node.return_unused_shares(true).await), 1);
    assert_eq!(stored(&bench, &key).await, 97);
}

#[tokio::test]
async fn a_node_asks_again_for_uses_that_others_returned() {
    let (bench, _, raw) = with_limits(vec![limit("hour", 4, 3_600)]).await;
    let idle = bench.api_keys();
    assert_eq!(verify(&idle, &raw, 4).await.code, VerificationCode::Valid);
    assert_eq!(verify(&idle, &raw, 0).await.limits[0].remaining, 0);
    let (bench, _, raw) = with_limits(vec![limit("hour", 40, 3_600)]).await;
    let (idle, busy) = (bench.api_keys(), bench.api_keys());
    assert_eq!(admitted(&[&idle], &raw, 1).await, 1);
    assert_eq!(admitted(&[&busy], &raw, 40).await, 30);
    bench.clock.advance(Duration::seconds(2));
    assert_eq!(ok(idle.return_unused_shares(false).await), 1);
    assert_eq!(admitted(&[&busy], &raw, 40).await, 9);
}

#[tokio::test]
async fn a_node_that_is_rarely_used_keeps_little() {
    let (bench, key, raw) = with_uses(1_000, None).await;
    let node = bench.api_keys();
    for used in 1..=10 {
        assert_eq!(admitted(&[&node], &raw, 1).await, 1);
        // Neither rejected uses nor those that cost nothing keep uses on a node.
        assert_eq!(verify(&node, &raw, 1_000).await.code, VerificationCode::UsageExceeded);
        assert_eq!(verify(&node, &raw, 0).await.remaining_uses, Some(1_000 - used));
        bench.clock.advance(Duration::seconds(2));
        ok(node.return_unused_shares(false).await);
        assert_eq!(stored(&bench, &key).await, 1_000 - used);
    }
    // A node that is used once a second keeps some, but not a quarter.
    for _ in 0..30 {
        assert_eq!(admitted(&[&node], &raw, 1).await, 1);
        bench.clock.advance(Duration::SECOND);
        ok(node.return_unused_shares(false).await);
    }
    let reserved = 1_000 - 10 - 30 - stored(&bench, &key).await;
    assert!((1..=8).contains(&reserved), "{reserved}");
}

#[tokio::test]
async fn reading_the_limits_takes_nothing_and_sees_other_nodes() {
    let (bench, key, raw) = with_uses(100, None).await;
    let (reader, busy) = (bench.api_keys(), bench.api_keys());
    assert_eq!(verify(&reader, &raw, 0).await.remaining_uses, Some(100));
    assert_eq!(stored(&bench, &key).await, 100);
    assert_eq!(admitted(&[&busy], &raw, 200).await, 100);
    bench.clock.advance(Duration::milliseconds(500));
    let read = verify(&reader, &raw, 0).await;
    assert_eq!((read.code, read.remaining_uses), (VerificationCode::Valid, Some(0)));
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_freeze_limits() {
    let (bench, _, raw) = with_limits(vec![limit("hour", 10, 3_600)]).await;
    let node = bench.api_keys();
    assert_eq!(admitted(&[&node], &raw, 20).await, 10);
    bench.clock.set(START - Duration::HOUR);
    // The storage has the same clock here, and the counter of the later window.
    assert_eq!(admitted(&[&node], &raw, 20).await, 0);
    bench.clock.set(START + Duration::HOUR);
    assert_eq!(admitted(&[&node], &raw, 20).await, 10);
}

/// A cached key can be a second old.
#[tokio::test]
async fn a_node_with_an_old_key_obeys_the_present_limits() {
    let (bench, key, raw) = with_limits(vec![limit("hour", 100, 3_600)]).await;
    let hash = FakeDigest.digest(raw.expose());
    let old = some(ok(bench.stores.api_keys.find_key_by_hash(key.kind(), &hash).await));
    let renamed = vec![limit("hourly", 5, 3_600)];
    let change = EditKey { limits: Some(ok(renamed.try_into())), ..EditKey::default() };
    ok(bench.api_keys().edit_key(&actor_of(user_id(1)), key.id, change).await);
    let present = some(ok(bench.stores.api_keys.find_key(key.id).await));
    let (mut store, real) = (MockApiKeyStore::new(), bench.stores.api_keys.clone());
    store.expect_find_key_by_hash().returning(move |_, _| Ok(Some(old.clone())));
    store.expect_find_key().returning(move |_| Ok(Some(present.clone())));
    store.expect_begin().returning(move || real.begin().now_or_never().unwrap_or(Err(StoreError::Busy)));
    assert_eq!(admitted(&[&bench.api_keys_over(store)], &raw, 20).await, 5);
}

#[tokio::test]
async fn most_uses_do_not_reach_storage() {
    let (bench, key, raw) = with_uses(1_000, None).await;
    let node = bench.api_keys();
    let mut seen = BTreeSet::new();
    for _ in 0..1_000 {
        assert_eq!(verify(&node, &raw, 1).await.code, VerificationCode::Valid);
        seen.insert(stored(&bench, &key).await);
    }
    assert!(seen.len() <= 30, "{} shares", seen.len());
    assert_eq!(verify(&node, &raw, 1).await.code, VerificationCode::UsageExceeded);
}

#[tokio::test]
async fn uses_are_refilled_at_the_start_of_a_day_or_month() {
    for (interval, next) in [
        (RefillInterval::Day, datetime!(2026-12-02 00:00 UTC)),
        (RefillInterval::Month, datetime!(2027-01-01 00:00 UTC)),
    ] {
        let refill = Refill { amount: ok(5.try_into()), interval };
        let (bench, _, raw) = with_uses(2, Some(refill)).await;
        let nodes = [bench.api_keys(), bench.api_keys()];
        let nodes = [&nodes[0], &nodes[1]];
        assert_eq!(admitted(&nodes, &raw, 10).await, 2);
        bench.clock.set(next - Duration::MICROSECOND);
        assert_eq!(admitted(&nodes, &raw, 10).await, 0);
        bench.clock.set(next);
        assert_eq!(admitted(&nodes, &raw, 20).await, 5);
        // Uses that are left are not added to the next refill.
        bench.clock.set(interval.end(next));
        assert_eq!(admitted(&nodes, &raw, 1).await, 1);
        bench.clock.set(interval.end(interval.end(next)));
        assert_eq!(admitted(&nodes, &raw, 20).await, 5);
    }
}

#[tokio::test]
async fn a_new_number_of_uses_replaces_what_nodes_hold() {
    let (bench, key, raw) = with_uses(100, None).await;
    let node = bench.api_keys();
    assert_eq!(admitted(&[&node], &raw, 1).await, 1);
    bench.clock.advance(Duration::SECOND);
    let change = EditKey { remaining_uses: Some(Some(ok(3.try_into()))), ..EditKey::default() };
    ok(node.edit_key(&actor_of(user_id(1)), key.id, change).await);
    assert_eq!(admitted(&[&node], &raw, 10).await, 3);
    bench.clock.advance(Duration::seconds(3));
    ok(node.return_unused_shares(false).await);
    assert_eq!(stored(&bench, &key).await, 0);
}

#[tokio::test]
async fn a_changed_limit_keeps_what_was_used_and_a_removed_one_ends() {
    let (bench, key, raw) = with_limits(vec![limit("hour", 4, 3_600)]).await;
    let (node, owner) = (bench.api_keys(), actor_of(user_id(1)));
    assert_eq!(admitted(&[&node], &raw, 10).await, 4);
    let limits = |limits: Vec<KeyLimit>| EditKey { limits: Some(ok(limits.try_into())), ..EditKey::default() };
    ok(node.edit_key(&owner, key.id, limits(vec![limit("hour", 6, 3_600)])).await);
    assert_eq!(admitted(&[&node], &raw, 10).await, 2);
    ok(node.edit_key(&owner, key.id, limits(Vec::new())).await);
    assert_eq!(admitted(&[&node], &raw, 10).await, 10);
    bench.clock.advance(Duration::seconds(3));
    ok(node.return_unused_shares(false).await);
    ok(node.edit_key(&owner, key.id, limits(vec![limit("hour", 6, 3_600)])).await);
    assert_eq!(admitted(&[&node], &raw, 10).await, 6);
}

#[tokio::test]
async fn if_storage_fails_no_use_is_admitted() {
    let (bench, key, raw) = with_uses(10, None).await;
    let hash = FakeDigest.digest(raw.expose());
    let found = some(ok(bench.stores.api_keys.find_key_by_hash(key.kind(), &hash).await));
    let mut store = MockApiKeyStore::new();
    store.expect_find_key_by_hash().returning(move |_, _| Ok(Some(found.clone())));
    store.expect_begin().returning(|| Err(StoreError::Busy));
    let node = bench.api_keys_over(store);
    let question = VerifyKey { key: raw.expose().to_owned(), permissions: Vec::new() };
    assert!(matches!(failed(node.verify_key(question, VerifiedUse::default()).await), StoreError::Busy));
    let error = failed(node.authenticate_key(raw.expose(), &origin(), None).await);
    assert!(matches!(error, AuthenticateKeyError::Store(StoreError::Busy)), "{error:?}");
}

#[test]
fn windows_begin_at_multiples_of_their_length() {
    let week = limit("week", 1, 604_800);
    // 1970-01-01 was a Thursday.
    assert_eq!(week.window_start(datetime!(2026-12-01 12:00 UTC)), datetime!(2026-11-26 00:00 UTC));
    assert_eq!(week.window_end(datetime!(2026-12-01 12:00 UTC)), datetime!(2026-12-03 00:00 UTC));
    let before_the_epoch = datetime!(1969-12-31 23:59:59.5 UTC);
    assert_eq!(week.window_start(before_the_epoch), datetime!(1969-12-25 00:00 UTC));
    for (seconds, accepted) in [(0, false), (1, true), (2_592_000, true), (2_592_001, false), (-1, false)] {
        assert_eq!(WindowSeconds::try_from(seconds).is_ok(), accepted, "{seconds}");
    }
}
