//! Key usage: what is recorded, and when it is written.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering},
};

use tessera_apikeys::{
    ApiKeys, GenerateKey, VerifiedUse, VerifyKey,
    model::{ApiKey, FoundKey, KeyKind, KeyLifetime, KeyUse, OwnerRights, RawKey, SecretUse, StoredKey},
    ports::MockApiKeyStore,
};
use tessera_kernel::{RequestMetadata, Role, SecretDigest, StoreError};
use tessera_testkit::{
    Stores, Workbench,
    builders::{NOW, actor_of, api_key, application, application_id, organization_id, origin, user_id},
    expectations::{failed, ok, parsed, some},
    fakes::FakeDigest,
};
use time::{Duration, OffsetDateTime};

async fn generated(bench: &Workbench) -> (ApiKey, RawKey) {
    let command = GenerateKey {
        lifetime: KeyLifetime::Days(1),
        permissions: vec![parsed("inventory:read")],
        restrict_permissions: true,
        ..GenerateKey::of(application_id(1))
    };
    ok(bench.api_keys().generate_key(&actor_of(user_id(1)), command).await)
}

async fn with_key() -> (Workbench, ApiKey, RawKey) {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let (key, raw) = generated(&bench).await;
    (bench, key, raw)
}

/// A use of which only the time is known, as of a verification.
fn bare(at: OffsetDateTime) -> KeyUse {
    KeyUse { at, address: None, user_agent: None }
}

fn bare_use(key: &ApiKey, raw: &RawKey, at: OffsetDateTime) -> SecretUse {
    SecretUse { key: key.id, secret: FakeDigest.digest(raw.expose()), used: bare(at) }
}

async fn verify(keys: &ApiKeys, raw: &RawKey) {
    let question = VerifyKey { key: raw.expose().to_owned(), permissions: Vec::new() };
    ok(keys.verify_key(question, VerifiedUse::default()).await);
}

async fn last_used(stores: &Stores, key: &ApiKey) -> Option<OffsetDateTime> {
    some(ok(stores.api_keys.find_key(key.id).await)).last_used()
}

#[tokio::test]
async fn a_use_is_written_with_the_next_batch_and_not_before() {
    let (bench, key, raw) = with_key().await;
    let keys = bench.api_keys();
    verify(&keys, &raw).await;
    assert_eq!(last_used(&bench.stores, &key).await, None);
    assert_eq!(ok(keys.record_usage(false).await), 1);
    assert_eq!(last_used(&bench.stores, &key).await, Some(NOW));
}

#[tokio::test]
async fn a_request_that_comes_with_a_key_is_a_use() {
    let (bench, key, raw) = with_key().await;
    let keys = bench.api_keys();
    ok(keys.authenticate_key(raw.expose(), &origin(), None).await);
    assert_eq!(ok(keys.record_usage(false).await), 1);
    assert_eq!(last_used(&bench.stores, &key).await, Some(NOW));
}

#[tokio::test]
async fn only_the_latest_use_is_written() {
    let (bench, key, raw) = with_key().await;
    let keys = bench.api_keys();
    for _ in 0..3 {
        verify(&keys, &raw).await;
        bench.clock.advance(Duration::SECOND);
    }
    assert_eq!(ok(keys.record_usage(false).await), 1);
    assert_eq!(last_used(&bench.stores, &key).await, Some(NOW + Duration::seconds(2)));
}

#[tokio::test]
async fn a_key_is_written_at_most_once_a_minute() {
    let (bench, key, raw) = with_key().await;
    let keys = bench.api_keys();
    verify(&keys, &raw).await;
    ok(keys.record_usage(false).await);
    bench.clock.advance(Duration::seconds(59));
    verify(&keys, &raw).await;
    assert_eq!(ok(keys.record_usage(false).await), 0);
    assert_eq!(last_used(&bench.stores, &key).await, Some(NOW));
    bench.clock.advance(Duration::SECOND);
    assert_eq!(ok(keys.record_usage(false).await), 1);
    assert_eq!(last_used(&bench.stores, &key).await, Some(NOW + Duration::seconds(59)));
}

#[tokio::test]
async fn each_key_has_a_minute_of_its_own() {
    let (bench, _, raw) = with_key().await;
    let (_, other_raw) = generated(&bench).await;
    let keys = bench.api_keys();
    verify(&keys, &raw).await;
    ok(keys.record_usage(false).await);
    bench.clock.advance(Duration::SECOND);
    verify(&keys, &raw).await;
    verify(&keys, &other_raw).await;
    assert_eq!(ok(keys.record_usage(false).await), 1);
}

#[tokio::test]
async fn all_is_written_before_the_service_stops() {
    let (bench, key, raw) = with_key().await;
    let keys = bench.api_keys();
    verify(&keys, &raw).await;
    ok(keys.record_usage(false).await);
    bench.clock.advance(Duration::SECOND);
    verify(&keys, &raw).await;
    assert_eq!(ok(keys.record_usage(true).await), 1);
    assert_eq!(last_used(&bench.stores, &key).await, Some(NOW + Duration::SECOND));
}

#[tokio::test]
async fn what_was_written_is_not_written_again() {
    let (bench, _, raw) = with_key().await;
    let keys = bench.api_keys();
    verify(&keys, &raw).await;
    ok(keys.record_usage(false).await);
    bench.clock.advance(Duration::HOUR);
    assert_eq!((ok(keys.record_usage(false).await), ok(keys.record_usage(true).await)), (0, 0));
}

#[tokio::test]
async fn nothing_to_write_does_not_reach_storage() {
    let (bench, ..) = with_key().await;
    let keys = bench.api_keys_over(MockApiKeyStore::new());
    assert_eq!(ok(keys.record_usage(true).await), 0);
}

#[tokio::test]
async fn refused_keys_are_not_used() {
    let (bench, _, raw) = with_key().await;
    let keys = bench.api_keys();
    let lacking = VerifyKey { key: raw.expose().to_owned(), permissions: vec![parsed("event:record")] };
    ok(keys.verify_key(lacking, VerifiedUse::default()).await);
    bench.clock.advance(Duration::DAY);
    verify(&keys, &raw).await;
    failed(keys.authenticate_key(raw.expose(), &origin(), None).await);
    assert_eq!(ok(keys.record_usage(true).await), 0);
}

/// A store that fails to write uses `failures` times and then expects exactly the uses `then`.
async fn failing(bench: &Workbench, raw: &RawKey, failures: usize, then: Vec<SecretUse>) -> ApiKeys {
    let found =
        some(ok(bench.stores.api_keys.find_key_by_hash(KeyKind::Application, &FakeDigest.digest(raw.expose())).await));
    let mut store = MockApiKeyStore::new();
    store.expect_find_key_by_hash().returning(move |_, _| Ok(Some(found.clone())));
    store.expect_record_uses().times(failures).returning(|_| Err(StoreError::Busy));
    store.expect_record_uses().times(1).withf(move |uses| uses == then).returning(|_| Ok(()));
    bench.api_keys_over(store)
}

#[tokio::test]
async fn a_use_that_could_not_be_written_is_put_back() {
    let (bench, key, raw) = with_key().await;
    let keys = failing(&bench, &raw, 2, vec![bare_use(&key, &raw, NOW)]).await;
    verify(&keys, &raw).await;
    for _ in 0..2 {
        assert!(matches!(failed(keys.record_usage(false).await), StoreError::Busy));
    }
    // A failed write does not start the minute that must pass between two writes.
    assert_eq!(ok(keys.record_usage(false).await), 1);
}

#[tokio::test]
async fn a_use_that_is_put_back_does_not_hide_a_later_one() {
    let (bench, key, raw) = with_key().await;
    let keys = failing(&bench, &raw, 1, vec![bare_use(&key, &raw, NOW + Duration::SECOND)]).await;
    verify(&keys, &raw).await;
    failed(keys.record_usage(false).await);
    bench.clock.advance(Duration::SECOND);
    verify(&keys, &raw).await;
    assert_eq!(ok(keys.record_usage(false).await), 1);
}

#[tokio::test]
async fn a_batch_comes_in_the_order_of_the_keys() {
    let (bench, first, raw) = with_key().await;
    let mut all = vec![(first, raw)];
    for _ in 0..7 {
        all.push(generated(&bench).await);
    }
    let mut sorted: Vec<_> = all.iter().map(|(key, raw)| bare_use(key, raw, NOW)).collect();
    sorted.sort_unstable_by_key(|used| used.key);
    let mut store = MockApiKeyStore::new();
    for (key, raw) in all.clone() {
        let hash = FakeDigest.digest(raw.expose());
        let found =
            FoundKey { stored: StoredKey { key, hash }, secret_expires_at: None, rights: OwnerRights::OfKey, at: NOW };
        store
            .expect_find_key_by_hash()
            .withf(move |_, asked| *asked == hash)
            .returning(move |_, _| Ok(Some(found.clone())));
    }
    store.expect_record_uses().times(1).withf(move |uses| uses == sorted).returning(|_| Ok(()));
    let keys = bench.api_keys_over(store);
    for (_, raw) in &all {
        verify(&keys, raw).await;
    }
    assert_eq!(ok(keys.record_usage(false).await), 8);
}

#[tokio::test]
async fn many_uses_are_written_in_batches_and_those_that_fail_are_put_back() {
    let (bench, ..) = with_key().await;
    let mut store = MockApiKeyStore::new();
    let (number, of) = (AtomicU32::new(0), application(1, organization_id(1)));
    store.expect_find_key_by_hash().returning(move |_, hash| {
        let StoredKey { key, .. } = api_key(number.fetch_add(1, Ordering::Relaxed), &of, user_id(1));
        Ok(Some(FoundKey {
            stored: StoredKey { key, hash: *hash },
            secret_expires_at: None,
            rights: OwnerRights::OfKey,
            at: NOW,
        }))
    });
    store.expect_record_uses().times(1).withf(|uses| uses.len() == 1_000).returning(|_| Ok(()));
    store.expect_record_uses().times(1).withf(|uses| uses.len() == 1).returning(|_| Err(StoreError::Busy));
    store.expect_record_uses().times(1).withf(|uses| uses.len() == 1).returning(|_| Ok(()));
    let keys = bench.api_keys_over(store);
    for _ in 0..1_001 {
        verify(&keys, &RawKey::generate(KeyKind::Application, &*bench.entropy)).await;
    }
    assert!(matches!(failed(keys.record_usage(false).await), StoreError::Busy));
    assert_eq!(ok(keys.record_usage(false).await), 1);
}

#[tokio::test]
async fn the_client_of_the_latest_use_is_recorded() {
    let (bench, key, raw) = with_key().await;
    let keys = bench.api_keys();
    let client = RequestMetadata { address: Some(IpAddr::from([192, 0, 2, 7])), ..origin() };
    for agent in ["first/1", "second/2"] {
        bench.clock.advance(Duration::SECOND);
        ok(keys.authenticate_key(raw.expose(), &client, Some(agent)).await);
    }
    ok(keys.record_usage(false).await);
    let used = some(ok(bench.stores.api_keys.find_key(key.id).await)).last_use;
    let user_agent = Some("second/2".to_owned());
    let at = NOW + Duration::seconds(2);
    assert_eq!(used, Some(KeyUse { at, address: client.address, user_agent }));
}

#[tokio::test]
async fn at_most_512_bytes_of_a_user_agent_are_recorded() {
    for (sent, stored) in [("ä".repeat(256), 512), ("ä".repeat(257), 512), (format!("x{}", "ä".repeat(256)), 511)] {
        let (bench, key, raw) = with_key().await;
        let keys = bench.api_keys();
        ok(keys.authenticate_key(raw.expose(), &origin(), Some(&sent)).await);
        ok(keys.record_usage(false).await);
        let used = some(some(ok(bench.stores.api_keys.find_key(key.id).await)).last_use);
        assert_eq!(used.user_agent.as_deref(), sent.get(..stored));
    }
}
