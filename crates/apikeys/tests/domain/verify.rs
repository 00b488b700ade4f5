//! Verification of keys for other services, and authentication of requests.

use tessera_apikeys::{
    ApiKeys, AuthenticateKeyError, GenerateKey, Verification, VerificationCode, VerifiedUse, VerifyKey,
    model::{ApiKey, KeyKind, KeyLifetime, RawKey},
    ports::MockApiKeyStore,
};
use tessera_kernel::{Permission, Principal, Role, StoreError};
use tessera_testkit::{
    Workbench,
    builders::{NOW, PERMISSIONS, actor_of, application_id, organization_id, origin, permissions, user_id},
    expectations::{failed, ok, parsed},
    fakes::SequentialEntropy,
};
use time::Duration;

/// A key of an administrator that permits `inventory:read` and expires after ten days.
async fn with_key() -> (Workbench, ApiKey, RawKey) {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin]).await;
    let command = GenerateKey {
        lifetime: KeyLifetime::Days(10),
        permissions: vec![parsed("inventory:read")],
        ..GenerateKey::of(application_id(1))
    };
    let (key, raw) = ok(bench.api_keys().generate_key(&actor_of(user_id(2)), command).await);
    (bench, key, raw)
}

fn with(code: VerificationCode, key: ApiKey) -> Verification {
    let valid = code == VerificationCode::Valid;
    Verification {
        code,
        expires_at: key.expires_at,
        key: Some(key),
        cacheable_for: if valid { Duration::SECOND } else { Duration::ZERO },
        ..Verification::not_found()
    }
}

fn of(raw: &RawKey) -> VerifyKey {
    VerifyKey { key: raw.expose().to_owned(), permissions: Vec::new() }
}

async fn verify(keys: &ApiKeys, key: &str, permission: Option<Permission>) -> Verification {
    let question = VerifyKey { key: key.to_owned(), permissions: permission.into_iter().collect() };
    ok(keys.verify_key(question, VerifiedUse::default()).await)
}

/// Asserts that both verification and authentication reject the key.
async fn is_refused(bench: &Workbench, raw: &str, verdict: Verification) {
    assert_eq!(verify(&bench.api_keys(), raw, None).await, verdict);
    let error = failed(bench.api_keys().authenticate_key(raw, &origin(), None).await);
    let same = match verdict.code {
        VerificationCode::NotFound => matches!(error, AuthenticateKeyError::UnknownKey),
        VerificationCode::Revoked => matches!(error, AuthenticateKeyError::RevokedKey),
        VerificationCode::Expired => matches!(error, AuthenticateKeyError::ExpiredKey),
        VerificationCode::Disabled => matches!(error, AuthenticateKeyError::DisabledKey),
        other => panic!("{other:?} depends on more than the key"),
    };
    assert!(same, "{error:?}");
}

fn storage_untouched(bench: &Workbench) -> ApiKeys {
    // A mock without expectations panics at the first call.
    bench.api_keys_over(MockApiKeyStore::new())
}

#[tokio::test]
async fn a_live_key_is_valid() {
    let (bench, key, raw) = with_key().await;
    assert_eq!(verify(&bench.api_keys(), raw.expose(), None).await, with(VerificationCode::Valid, key));
}

#[tokio::test]
async fn white_space_around_a_key_that_is_verified_is_ignored() {
    let (bench, key, raw) = with_key().await;
    let (keys, raw) = (bench.api_keys(), raw.expose());
    for text in [format!(" {raw}"), format!("{raw}\n"), format!("\t\u{a0}{raw}\r\n ")] {
        assert_eq!(verify(&keys, &text, None).await, with(VerificationCode::Valid, key.clone()), "{text:?}");
    }
    let (start, end) = raw.split_at(20);
    assert_eq!(verify(&keys, &format!("{start} {end}"), None).await, Verification::not_found());
}

#[tokio::test]
async fn a_live_key_stands_for_its_application() {
    let (bench, key, raw) = with_key().await;
    let expected = Principal::Application {
        key: key.id,
        application: application_id(1),
        organization: organization_id(1),
        permissions: permissions(["inventory:read"]),
    };
    assert_eq!(ok(bench.api_keys().authenticate_key(raw.expose(), &origin(), None).await), expected);
}

#[tokio::test]
async fn a_key_is_valid_for_what_it_permits_only() {
    let (bench, key, raw) = with_key().await;
    for permission in PERMISSIONS {
        let expected = match permission.as_str() {
            "inventory:read" => with(VerificationCode::Valid, key.clone()),
            _ => with(VerificationCode::InsufficientPermissions, key.clone()),
        };
        assert_eq!(verify(&bench.api_keys(), raw.expose(), Some(permission)).await, expected);
    }
}

#[tokio::test]
async fn a_key_serves_until_it_expires_and_not_a_moment_longer() {
    let (bench, key, raw) = with_key().await;
    bench.clock.set(NOW + Duration::days(10) - Duration::MICROSECOND);
    // The result must not be used again after the expiry.
    let valid = Verification { cacheable_for: Duration::MICROSECOND, ..with(VerificationCode::Valid, key.clone()) };
    assert_eq!(verify(&bench.api_keys(), raw.expose(), None).await, valid);
    bench.clock.set(NOW + Duration::days(10));
    is_refused(&bench, raw.expose(), with(VerificationCode::Expired, key)).await;
}

#[tokio::test]
async fn a_revoked_key_is_dead_at_once() {
    let (bench, key, raw) = with_key().await;
    ok(bench.api_keys().revoke_key(&actor_of(user_id(1)), key.id).await);
    let state = tessera_apikeys::model::KeyState::Revoked { at: NOW };
    is_refused(&bench, raw.expose(), with(VerificationCode::Revoked, ApiKey { state, ..key })).await;
}

#[tokio::test]
async fn revocation_outweighs_expiry_and_permission() {
    let (bench, key, raw) = with_key().await;
    ok(bench.api_keys().revoke_key(&actor_of(user_id(1)), key.id).await);
    bench.clock.set(NOW + Duration::days(11));
    let verdict = verify(&bench.api_keys(), raw.expose(), Some(parsed("event:record"))).await;
    assert!(matches!(verdict.code, VerificationCode::Revoked), "{verdict:?}");
}

#[tokio::test]
async fn expiry_outweighs_permission() {
    let (bench, _, raw) = with_key().await;
    bench.clock.set(NOW + Duration::days(10));
    let verdict = verify(&bench.api_keys(), raw.expose(), Some(parsed("event:record"))).await;
    assert!(matches!(verdict.code, VerificationCode::Expired), "{verdict:?}");
}

#[tokio::test]
async fn a_key_of_a_deleted_application_is_unknown() {
    let (bench, _, raw) = with_key().await;
    ok(bench.apps().delete_application(&actor_of(user_id(1)), application_id(1)).await);
    is_refused(&bench, raw.expose(), Verification::not_found()).await;
}

#[tokio::test]
async fn a_key_outlives_its_makers_membership() {
    let (bench, key, raw) = with_key().await;
    ok(bench.orgs().remove_member(&actor_of(user_id(2)), organization_id(1), user_id(2)).await);
    assert_eq!(verify(&bench.api_keys(), raw.expose(), None).await, with(VerificationCode::Valid, key));
}

#[tokio::test]
async fn a_well_formed_key_that_nobody_made_is_unknown() {
    let (bench, ..) = with_key().await;
    let other = RawKey::generate(KeyKind::Application, &SequentialEntropy::starting_at(1 << 40));
    is_refused(&bench, other.expose(), Verification::not_found()).await;
}

#[tokio::test]
async fn a_malformed_key_never_reaches_storage() {
    let (bench, _, raw) = with_key().await;
    let keys = storage_untouched(&bench);
    let good = raw.expose();
    let flipped = if good.ends_with('0') { "1" } else { "0" };
    let bad_checksum = format!("{}{flipped}", &good[..good.len() - 1]);
    for text in ["", "ask_", "nonsense", &good[4..], &good[..52], &format!("{good}0"), &bad_checksum] {
        assert_eq!(verify(&keys, text, None).await, Verification::not_found(), "{text:?}");
        let error = failed(keys.authenticate_key(text, &origin(), None).await);
        assert!(matches!(error, AuthenticateKeyError::MalformedKey), "{error:?}");
    }
}

#[tokio::test]
async fn a_failing_store_says_nothing_of_the_key() {
    let (bench, _, raw) = with_key().await;
    let mut store = MockApiKeyStore::new();
    store.expect_find_key_by_hash().returning(|_, _| Err(StoreError::Busy));
    let keys = bench.api_keys_over(store);
    let verdict = failed(keys.verify_key(of(&raw), VerifiedUse::default()).await);
    assert!(matches!(verdict, StoreError::Busy), "{verdict:?}");
    let error = failed(keys.authenticate_key(raw.expose(), &origin(), None).await);
    assert!(matches!(error, AuthenticateKeyError::Store(StoreError::Busy)), "{error:?}");
}
