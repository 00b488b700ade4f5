//! Rotation of keys.

use tessera_apikeys::{
    GenerateKey, KeyError, RotateKeyError, RotatedKey, VerificationCode,
    model::{ApiKey, KeyLifetime, OverlapSeconds, RawKey},
};
use tessera_kernel::{AccessError, Actor, KeyScope, RequestMetadata, Role};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_personal_key, actor_by_service_account, actor_of, application_id, organization_id, origin,
        permissions, user_id,
    },
    expectations::{failed, ok, some},
};
use time::Duration;

use crate::managed::{bench_with_account, code, organization_key, store_keys_of_callers};

async fn application_key(bench: &Workbench) -> (ApiKey, RawKey) {
    let command = GenerateKey { lifetime: KeyLifetime::Days(10), ..GenerateKey::of(application_id(1)) };
    let generated = ok(bench.api_keys().generate_key(&actor_of(user_id(1)), command).await);
    bench.mails().await;
    generated
}

fn overlap(seconds: i64) -> OverlapSeconds {
    ok(seconds.try_into())
}

async fn rotate(bench: &Workbench, by: &Actor, key: &ApiKey, seconds: i64) -> Result<RotatedKey, RotateKeyError> {
    bench.api_keys().rotate_key(by, key.id, overlap(seconds)).await
}

#[tokio::test]
async fn both_secrets_are_valid_in_the_overlap_and_one_after_it() {
    let bench = bench_with_account(&[]).await;
    let (key, old) = application_key(&bench).await;
    let RotatedKey { key: rotated, raw: new, previous_expires_at } =
        ok(rotate(&bench, &actor_of(user_id(2)), &key, 60).await);
    assert_eq!(previous_expires_at, NOW + Duration::MINUTE);
    let unchanged = ApiKey { key_prefix: key.key_prefix.clone(), rotated_at: None, previous: None, ..rotated.clone() };
    assert_eq!(unchanged, key);
    assert_eq!((rotated.key_prefix.as_str(), rotated.rotated_at), (new.shown(), Some(NOW)));
    assert_eq!(some(bench.api_keys().view_key(&actor_of(user_id(1)), key.id).await.ok()), rotated);
    assert_ne!(old.expose(), new.expose());
    bench.clock.set(previous_expires_at - Duration::MICROSECOND);
    assert_eq!(
        (code(&bench, &old).await, code(&bench, &new).await),
        (VerificationCode::Valid, VerificationCode::Valid)
    );
    bench.clock.set(previous_expires_at);
    assert_eq!(
        (code(&bench, &old).await, code(&bench, &new).await),
        (VerificationCode::Expired, VerificationCode::Valid)
    );
    // The user who rotates the key learns its secret, so the mail about a new key goes to that user.
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipient.to_string(), "user2@example.com");
    assert_eq!(bench.actions(Some(organization_id(1))).await.pop().as_deref(), Some("api_key.rotated"));
}

#[tokio::test]
async fn a_second_rotation_waits_for_the_end_of_the_first() {
    let bench = bench_with_account(&[]).await;
    let (key, old) = application_key(&bench).await;
    let owner = actor_of(user_id(1));
    let first = ok(rotate(&bench, &owner, &key, 60).await);
    let error = failed(rotate(&bench, &owner, &key, 60).await);
    assert!(matches!(error, RotateKeyError::InProgress { until } if until == NOW + Duration::MINUTE), "{error:?}");
    let finished = ok(bench.api_keys().finish_rotation(&owner, key.id).await);
    assert_eq!(some(finished.previous.as_ref()).expires_at, NOW);
    assert_eq!(code(&bench, &old).await, VerificationCode::Expired);
    assert_eq!(code(&bench, &first.raw).await, VerificationCode::Valid);
    // To finish it again changes nothing.
    assert_eq!(ok(bench.api_keys().finish_rotation(&owner, key.id).await), finished);
    let actions = bench.actions(Some(organization_id(1))).await;
    assert_eq!(actions.iter().filter(|name| *name == "api_key.rotation_finished").count(), 1);
    let second = ok(rotate(&bench, &owner, &key, 0).await);
    assert_eq!(code(&bench, &old).await, VerificationCode::NotFound);
    assert_eq!(code(&bench, &first.raw).await, VerificationCode::Expired);
    assert_eq!(code(&bench, &second.raw).await, VerificationCode::Valid);
}

#[tokio::test]
async fn a_revocation_ends_both_secrets() {
    let bench = bench_with_account(&[]).await;
    let (key, old) = application_key(&bench).await;
    let owner = actor_of(user_id(1));
    let rotated = ok(rotate(&bench, &owner, &key, 60).await);
    ok(bench.api_keys().revoke_key(&owner, key.id).await);
    for raw in [&old, &rotated.raw] {
        assert_eq!(code(&bench, raw).await, VerificationCode::Revoked);
    }
    assert!(matches!(failed(rotate(&bench, &owner, &key, 0).await), RotateKeyError::Key(KeyError::Revoked)));
    assert!(matches!(failed(bench.api_keys().finish_rotation(&owner, key.id).await), KeyError::Revoked));
}

#[tokio::test]
async fn an_expired_key_is_not_rotated_and_no_secret_outlives_the_key() {
    let bench = bench_with_account(&[]).await;
    let (key, old) = application_key(&bench).await;
    let owner = actor_of(user_id(1));
    let rotated = ok(rotate(&bench, &owner, &key, 2_592_000).await);
    assert_eq!(rotated.previous_expires_at, NOW + Duration::days(10));
    bench.clock.set(NOW + Duration::days(10));
    for raw in [&old, &rotated.raw] {
        assert_eq!(code(&bench, raw).await, VerificationCode::Expired);
    }
    ok(bench.api_keys().finish_rotation(&owner, key.id).await);
    assert!(matches!(failed(rotate(&bench, &owner, &key, 0).await), RotateKeyError::Expired));
}

#[tokio::test]
async fn a_key_is_rotated_by_those_who_may_create_it() {
    let bench = bench_with_account(&[]).await;
    store_keys_of_callers(&bench).await;
    let (application, _) = application_key(&bench).await;
    let (of_admin, of_member) = (organization_key(&bench, 2, false).await, organization_key(&bench, 3, false).await);
    let of_account = organization_key(&bench, 1, true).await;
    let user = |number| actor_of(user_id(number));
    let key_of = |number, role| actor_by_personal_key(organization_id(1), user_id(number), role, KeyScope::ReadWrite);
    let few = permissions(["api_keys:write"]);
    let cases = [
        // An owner who rotated the key of a member would get a key that acts as that member.
        (user(1), [true, false, false, true]),
        (user(2), [true, true, false, true]),
        (user(3), [false, false, true, false]),
        (key_of(1, Role::Owner), [true, false, false, true]),
        (key_of(2, Role::Admin), [true, true, false, false]),
        (key_of(3, Role::Member), [false, false, true, false]),
        // The key of the application has more permissions than this service account.
        (actor_by_service_account(organization_id(1), few, KeyScope::ReadWrite), [false, false, false, true]),
    ];
    for (actor, allowed) in cases {
        for (key, allowed) in [&application, &of_admin, &of_member, &of_account].into_iter().zip(allowed) {
            let outcome = rotate(&bench, &actor, key, 0).await;
            assert_eq!(outcome.is_ok(), allowed, "{actor:?} {key:?} {outcome:?}");
            let forbidden = |error: &RotateKeyError| {
                matches!(
                    error,
                    RotateKeyError::Access(AccessError::Forbidden { .. })
                        | RotateKeyError::Key(KeyError::Access(AccessError::Forbidden { .. }))
                )
            };
            assert!(outcome.is_ok() || forbidden(&failed(outcome)));
        }
    }
    let error = failed(rotate(&bench, &user(9), &application, 0).await);
    assert!(matches!(error, RotateKeyError::Key(KeyError::NotFound)), "{error:?}");
}

#[tokio::test]
async fn each_secret_has_its_own_last_use() {
    let bench = bench_with_account(&[]).await;
    let (key, old) = application_key(&bench).await;
    let rotated = ok(rotate(&bench, &actor_of(user_id(1)), &key, 60).await);
    let keys = bench.api_keys();
    for (raw, agent) in [(&rotated.raw, "new/2"), (&old, "old/1")] {
        bench.clock.advance(Duration::SECOND);
        let client = RequestMetadata { address: Some(ok("192.0.2.7".parse())), ..origin() };
        ok(keys.authenticate_key(raw.expose(), &client, Some(agent)).await);
    }
    assert_eq!(ok(keys.record_usage(false).await), 2);
    let found = ok(keys.view_key(&actor_of(user_id(1)), key.id).await);
    assert_eq!(found.last_used(), Some(NOW + Duration::seconds(2)));
    let agent = |used: Option<tessera_apikeys::model::KeyUse>| some(some(used).user_agent);
    assert_eq!(agent(found.last_use), "new/2");
    assert_eq!(agent(some(found.previous).last_use), "old/1");
}
