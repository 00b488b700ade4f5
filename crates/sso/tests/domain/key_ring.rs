//! Lifecycle of signing keys, with a fixed clock.

use tessera_sso::model::{
    JWKS_MAX_AGE, KeyId, KeyRing, PUBLISH_BEFORE_USE, Plan, Retirement, RotationTrigger, SigningKey, TOKEN_LIFETIME,
};
use tessera_testkit::{
    builders::{NOW, key_id, signing_key},
    expectations::some,
};
use time::{Duration, OffsetDateTime};

const LIFE: Duration = Duration::hours(1);
const LEEWAY: Duration = Duration::seconds(30);
const SECOND: Duration = Duration::SECOND;

fn key(number: u32, signs_from: OffsetDateTime) -> SigningKey {
    SigningKey { created_at: signs_from, signs_from, ..signing_key(number) }
}

/// The key with an end of its signing period.
fn until(key: SigningKey, signs_until: OffsetDateTime) -> SigningKey {
    let published_until = signs_until + Duration::minutes(6);
    SigningKey { retirement: Some(Retirement { signs_until, published_until }), ..key }
}

fn ring(keys: impl IntoIterator<Item = SigningKey>) -> KeyRing {
    KeyRing::new(keys.into_iter().collect())
}

fn routine(ring: &KeyRing, now: OffsetDateTime) -> Plan {
    ring.plan(now, LIFE, RotationTrigger::Routine)
}

/// Applies a plan, as storage would.
fn done(ring: &KeyRing, plan: &Plan, number: u32, now: OffsetDateTime) -> KeyRing {
    let mut keys: Vec<SigningKey> = ring.keys().iter().filter(|key| !plan.removed.contains(&key.id)).cloned().collect();
    for key in &mut keys {
        if let Some((id, retirement)) = &plan.retired
            && *id == key.id
        {
            key.retirement = Some(*retirement);
        }
    }
    keys.extend(plan.made.map(|signs_from| SigningKey { created_at: now, ..key(number, signs_from) }));
    KeyRing::new(keys)
}

#[test]
fn the_first_key_signs_at_once() {
    let plan = routine(&ring([]), NOW);
    assert_eq!(plan, Plan { made: Some(NOW), ..Plan::default() });
    assert_eq!(ring([]).plan(NOW, LIFE, RotationTrigger::Rotation), plan);
    assert_eq!(ring([]).plan(NOW, LIFE, RotationTrigger::Emergency), plan);
}

#[test]
fn a_successor_is_created_when_it_has_to_be_published() {
    let ring = ring([key(1, NOW)]);
    for now in [NOW - LEEWAY, NOW, NOW + LIFE / 2, NOW + LIFE - PUBLISH_BEFORE_USE - SECOND] {
        assert!(routine(&ring, now).is_empty(), "{now}");
    }
    let plan = routine(&ring, NOW + LIFE - PUBLISH_BEFORE_USE);
    let signs_until = NOW + LIFE;
    let retirement = Retirement { signs_until, published_until: signs_until + Duration::minutes(6) };
    assert_eq!(plan, Plan { removed: vec![], retired: Some((key_id(1), retirement)), made: Some(signs_until) });
}

#[test]
fn a_late_successor_key_is_published_before_it_signs_s73() {
    let late = NOW + LIFE * 5;
    assert_eq!(routine(&ring([key(1, NOW)]), late).made, Some(late + PUBLISH_BEFORE_USE));
    assert!(PUBLISH_BEFORE_USE >= JWKS_MAX_AGE + LEEWAY);
}

#[test]
fn a_requested_rotation_publishes_the_key_before_it_signs() {
    let plan = ring([key(1, NOW)]).plan(NOW + SECOND, LIFE, RotationTrigger::Rotation);
    assert_eq!(plan.made, Some(NOW + SECOND + PUBLISH_BEFORE_USE));
    assert_eq!(some(plan.retired).1.signs_until, NOW + SECOND + PUBLISH_BEFORE_USE);
}

#[test]
fn only_one_successor_key_is_created() {
    let next = NOW + LIFE;
    let ring = ring([until(key(1, NOW), next), key(2, next)]);
    for now in [next - PUBLISH_BEFORE_USE, next - SECOND] {
        assert!(routine(&ring, now).is_empty());
        assert!(ring.plan(now, LIFE, RotationTrigger::Rotation).is_empty());
        assert_eq!(some(ring.upcoming(now)).id, key_id(2));
    }
}

#[test]
fn the_old_key_is_published_until_its_last_token_expires_s73() {
    let next = NOW + LIFE;
    let ring = ring([until(key(1, NOW), next), key(2, next)]);
    let published = |now| ring.published(now).map(|key| key.id.clone()).collect::<Vec<KeyId>>();
    assert_eq!(some(ring.signing(next - SECOND)).id, key_id(1));
    assert_eq!(some(ring.signing(next)).id, key_id(2));
    assert_eq!(ring.upcoming(next), None);
    let dead = next + Duration::minutes(6);
    assert!(dead >= next + TOKEN_LIFETIME + LEEWAY);
    for now in [NOW, next - SECOND, next, dead - SECOND] {
        assert_eq!(published(now), [key_id(1), key_id(2)], "{now}");
        assert!(routine(&ring, now).removed.is_empty());
    }
    assert_eq!(published(dead), [key_id(2)]);
    assert_eq!(routine(&ring, dead), Plan { removed: vec![key_id(1)], ..Plan::default() });
}

#[test]
fn an_emergency_rotation_removes_all_keys_and_signs_at_once_s74() {
    let next = NOW + LIFE;
    let ring = ring([until(key(1, NOW), next), key(2, next)]);
    let plan = ring.plan(NOW + SECOND, LIFE, RotationTrigger::Emergency);
    assert_eq!(plan, Plan { removed: vec![key_id(1), key_id(2)], retired: None, made: Some(NOW + SECOND) });
}

#[test]
fn a_clock_that_is_behind_signs_with_the_first_key() {
    let ring = ring([key(1, NOW)]);
    let behind = NOW - LEEWAY;
    assert_eq!(some(ring.signing(behind)).id, key_id(1));
    assert_eq!(ring.upcoming(behind), None);
    assert!(routine(&ring, behind).is_empty());
    assert_eq!(KeyRing::default().signing(NOW), None);
}

/// The clock errors of the nodes that plan, sign and publish, and the time at which a rotation is requested.
struct Nodes {
    planner: Duration,
    signer: Duration,
    publisher: Duration,
    asked_at: Option<Duration>,
}

/// Simulates three hours in steps of ten seconds. The signer uses a key snapshot of the maximum age. Verifiers fetch
/// the keys at different times and cache them for the maximum time. Returns the number of keys that signed.
fn three_hours(nodes: &Nodes) -> usize {
    let steps = 3 * 360;
    let mut rings: Vec<KeyRing> = vec![done(&KeyRing::default(), &routine(&KeyRing::default(), NOW), 0, NOW)];
    let mut tokens: Vec<(u32, KeyId)> = Vec::new();
    let mut caches: Vec<Vec<KeyId>> = vec![Vec::new(); 30];
    let mut signed: Vec<KeyId> = Vec::new();
    for step in 1..=steps {
        let at = |step: u32| NOW + Duration::seconds(i64::from(step) * 10);
        let now = at(step);
        let before = some(rings.last()).clone();
        let asked = nodes.asked_at.is_some_and(|asked| NOW + asked == now);
        let trigger = if asked { RotationTrigger::Rotation } else { RotationTrigger::Routine };
        let plan = before.plan(now + nodes.planner, LIFE, trigger);
        rings.push(done(&before, &plan, step, now));
        let old = &rings[usize::try_from(step.saturating_sub(3)).unwrap_or_default()];
        let key = some(old.signing(now + nodes.signer)).id.clone();
        if signed.last() != Some(&key) {
            signed.push(key.clone());
        }
        tokens.push((step, key));
        tokens.retain(|(made, _)| step - made < 33);
        let phase = usize::try_from(step % 30).unwrap_or_default();
        caches[phase] = old.published(now + nodes.publisher).map(|key| key.id.clone()).collect();
        for cache in caches.iter().filter(|cache| !cache.is_empty()) {
            for (made, kid) in &tokens {
                assert!(cache.contains(kid), "{kid} of step {made} is unknown in step {step}: {cache:?}");
            }
        }
    }
    signed.len()
}

#[test]
fn a_verifier_knows_the_key_of_every_valid_token_s73() {
    for clocks in 0..8_u8 {
        let ahead = |bit: u8| if clocks & bit == 0 { Duration::ZERO } else { LEEWAY };
        for asked_at in [None, Some(Duration::minutes(20)), Some(Duration::minutes(58))] {
            let nodes = Nodes { planner: ahead(1), signer: ahead(2), publisher: ahead(4), asked_at };
            let signed = three_hours(&nodes);
            assert!(signed >= 3, "only {signed} keys signed");
        }
    }
}
