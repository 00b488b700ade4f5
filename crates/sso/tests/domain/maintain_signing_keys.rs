//! Creation, rotation and removal of signing keys.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use tessera_kernel::{Clock as _, Role, StoreError};
use tessera_sso::{
    ExchangeToken, KeysError, ServiceTokenPorts, ServiceTokens,
    model::{JWKS_MAX_AGE, KeyId, PUBLISH_BEFORE_USE},
    ports::{MockSigningKeyStore, SigningError},
};
use tessera_testkit::{
    Workbench,
    builders::{actor_with, key_id, organization_id, origin, session, user_id},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
};
use time::{Duration, OffsetDateTime};

async fn started() -> (Workbench, ServiceTokens) {
    let bench = Workbench::new();
    let tokens = bench.service_tokens();
    ok(tokens.maintain_signing_keys(&origin()).await);
    (bench, tokens)
}

async fn published(tokens: &ServiceTokens) -> Vec<KeyId> {
    ok(tokens.published_keys().await).into_iter().map(|key| key.id).collect()
}

async fn stored(bench: &Workbench) -> Vec<KeyId> {
    ok(bench.stores.signing_keys.list_signing_keys().await).into_iter().map(|key| key.id).collect()
}

#[tokio::test]
async fn the_first_maintenance_creates_one_key() {
    let (bench, tokens) = started().await;
    for _ in 0..3 {
        ok(tokens.maintain_signing_keys(&origin()).await);
    }
    assert_eq!((published(&tokens).await, bench.service_signer.keys_made()), (vec![key_id(1)], 1));
    assert_eq!(bench.actions(None).await, ["signing_key.published"]);
}

#[tokio::test]
async fn nodes_that_start_at_once_end_with_one_key() {
    let bench = Workbench::new();
    let nodes: Vec<_> = (0..8).map(|_| Arc::new(bench.service_tokens())).collect();
    let starts = concurrently(8, |number| {
        let node = Arc::clone(&nodes[number as usize]);
        async move { node.maintain_signing_keys(&origin()).await }
    });
    starts.await.into_iter().for_each(ok);
    let keys = stored(&bench).await;
    assert_eq!(keys.len(), 1);
    for node in &nodes {
        assert_eq!(published(node).await, keys);
    }
    assert_eq!(bench.actions(None).await, ["signing_key.published"]);
}

#[tokio::test]
async fn signing_keys_are_rotated_automatically_s73() {
    let (bench, tokens) = started().await;
    bench.clock.advance(Duration::days(90) - PUBLISH_BEFORE_USE - Duration::SECOND);
    ok(tokens.maintain_signing_keys(&origin()).await);
    assert_eq!(published(&tokens).await, [key_id(1)]);
    bench.clock.advance(Duration::SECOND);
    ok(tokens.maintain_signing_keys(&origin()).await);
    assert_eq!(published(&tokens).await, [key_id(1), key_id(2)]);
    bench.clock.advance(PUBLISH_BEFORE_USE + Duration::minutes(6));
    assert_eq!(published(&tokens).await, [key_id(2)]);
    assert_eq!(stored(&bench).await, [key_id(1), key_id(2)]);
    ok(tokens.maintain_signing_keys(&origin()).await);
    assert_eq!(stored(&bench).await, [key_id(2)]);
    let actions = bench.actions(None).await;
    assert_eq!(actions, ["signing_key.published", "signing_key.published", "signing_key.removed"]);
}

#[tokio::test]
async fn a_second_rotation_fails_until_the_first_is_complete() {
    let (bench, tokens) = started().await;
    ok(tokens.rotate_keys(&origin()).await);
    assert_eq!(published(&tokens).await, [key_id(1), key_id(2)]);
    bench.clock.advance(PUBLISH_BEFORE_USE - Duration::SECOND);
    assert!(matches!(failed(tokens.rotate_keys(&origin()).await), KeysError::UnderWay { .. }));
    bench.clock.advance(Duration::SECOND);
    ok(tokens.rotate_keys(&origin()).await);
    assert_eq!(published(&tokens).await, [key_id(1), key_id(2), key_id(3)]);
}

#[tokio::test]
async fn concurrent_rotations_create_one_key() {
    let (bench, _) = started().await;
    let rotations = concurrently(8, |_| {
        let node = bench.service_tokens();
        async move { node.rotate_keys(&origin()).await }
    });
    for asked in rotations.await {
        assert!(matches!(asked, Ok(()) | Err(KeysError::UnderWay { .. })), "{asked:?}");
    }
    assert_eq!(stored(&bench).await.len(), 2);
    assert_eq!(bench.actions(None).await, ["signing_key.published"; 2]);
}

#[tokio::test]
async fn replaced_keys_are_removed_at_once_s74() {
    let (bench, tokens) = started().await;
    ok(tokens.rotate_keys(&origin()).await);
    ok(tokens.replace_keys(&origin()).await);
    assert_eq!(stored(&bench).await, [key_id(3)]);
    assert_eq!(published(&tokens).await, [key_id(3)]);
    let other = bench.service_tokens();
    ok(other.maintain_signing_keys(&origin()).await);
    assert_eq!(published(&other).await, [key_id(3)]);
}

/// The ports of a service that can't read its keys any more.
fn without_storage(ports: &ServiceTokenPorts) -> ServiceTokenPorts {
    let mut keys = MockSigningKeyStore::new();
    keys.expect_list_signing_keys().returning(|| Err(StoreError::Busy));
    ServiceTokenPorts { keys: Arc::new(keys), ..ports.clone() }
}

#[tokio::test]
async fn keys_that_were_never_read_are_not_published_as_an_empty_set() {
    let bench = Workbench::new();
    let tokens = ServiceTokens::new(without_storage(&bench.service_token_ports()), Workbench::service_token_settings());
    assert!(matches!(failed(tokens.published_keys().await), StoreError::Busy));
    assert!(matches!(failed(tokens.maintain_signing_keys(&origin()).await), KeysError::Store(StoreError::Busy)));
}

#[tokio::test]
async fn keys_are_published_from_memory_while_the_store_is_unavailable_s75() {
    let bench = Workbench::new();
    ok(bench.service_tokens().maintain_signing_keys(&origin()).await);
    let stored = ok(bench.stores.signing_keys.list_signing_keys().await);
    let mut keys = MockSigningKeyStore::new();
    keys.expect_list_signing_keys().times(1).return_once(move || Ok(stored));
    keys.expect_list_signing_keys().returning(|| Err(StoreError::Busy));
    let ports = ServiceTokenPorts { keys: Arc::new(keys), ..bench.service_token_ports() };
    let tokens = ServiceTokens::new(ports, Workbench::service_token_settings());
    ok(tokens.maintain_signing_keys(&origin()).await);
    bench.clock.advance(Duration::hours(1));
    drop(failed(tokens.maintain_signing_keys(&origin()).await));
    assert_eq!(published(&tokens).await, [key_id(1)]);
}

#[tokio::test]
async fn maintenance_fails_for_keys_that_cannot_be_opened() {
    let (bench, tokens) = started().await;
    bench.service_signer.break_down();
    let error = failed(tokens.maintain_signing_keys(&origin()).await);
    assert!(matches!(error, KeysError::Token(SigningError(_))), "{error:?}");
}

#[tokio::test]
async fn concurrent_key_replacements_leave_one_key_s74() {
    let (bench, tokens) = started().await;
    let replacements = concurrently(8, |_| {
        let node = bench.service_tokens();
        async move { node.replace_keys(&origin()).await }
    });
    replacements.await.into_iter().for_each(ok);
    let left = stored(&bench).await;
    assert_eq!(left.len(), 1);
    assert_ne!(left, [key_id(1)]);
    ok(tokens.maintain_signing_keys(&origin()).await);
    assert_eq!(published(&tokens).await, left);
}

/// A verifier that caches published keys for the maximum time.
#[derive(Default)]
struct Verifier(Option<(OffsetDateTime, Vec<KeyId>)>);

impl Verifier {
    /// Asserts that the verifier knows the key of a token, whichever node it fetches the keys from.
    async fn knows(&mut self, kid: &KeyId, node: &ServiceTokens, now: OffsetDateTime) {
        let fetched = match self.0.take() {
            Some((at, keys)) if now - at < JWKS_MAX_AGE => (at, keys),
            _ => (now, published(node).await),
        };
        assert!(fetched.1.contains(kid), "{kid} is unknown at {now}: {fetched:?}");
        self.0 = Some(fetched);
    }
}

/// One node checks the keys every few seconds, the other node as rarely as allowed. Verifiers check the tokens of both
/// nodes for the whole lifetime of the tokens. A rotation is requested every half hour.
#[tokio::test]
async fn no_token_is_rejected_while_keys_rotate_under_load_s73() {
    let (bench, brisk) = started().await;
    let slow = bench.service_tokens();
    bench.members(&[Role::Owner]).await;
    let session = session(1, user_id(1));
    bench.stores.add_session(&session).await;
    let mut verifiers: Vec<Verifier> = (0..7).map(|_| Verifier::default()).collect();
    let mut alive: VecDeque<(OffsetDateTime, KeyId)> = VecDeque::new();
    let mut kids = BTreeSet::new();
    for step in 0..1000_usize {
        bench.clock.advance(Duration::seconds(7));
        let now = bench.clock.now();
        ok(brisk.maintain_signing_keys(&origin()).await);
        if step % 4 == 0 {
            ok(slow.maintain_signing_keys(&origin()).await);
        }
        if step % 250 == 100 {
            ok(slow.rotate_keys(&origin()).await);
        }
        let nodes = [&brisk, &slow];
        let ask = ExchangeToken { organization: organization_id(1), audience: parsed("https://games.example.com") };
        let exchanged = ok(nodes[step % 2].exchange_token(&actor_with(&session), ask).await);
        let (kid, claims) = some(bench.service_signer.read(exchanged.token.expose()));
        kids.insert(kid.clone());
        alive.push_back((claims.expires_at + Duration::seconds(30), kid));
        while alive.front().is_some_and(|(dies_at, _)| *dies_at <= now) {
            alive.pop_front();
        }
        for (place, verifier) in verifiers.iter_mut().enumerate().filter(|(place, _)| step >= place * 6) {
            for (_, kid) in &alive {
                verifier.knows(kid, nodes[(place + step) % 2], now).await;
            }
        }
    }
    assert_eq!(kids.len(), 5);
}
