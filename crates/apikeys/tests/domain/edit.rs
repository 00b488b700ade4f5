//! Changes of keys: who may make them, and what they do.

use tessera_apikeys::{
    EditKey, EditKeyError, GenerateKey, GenerateKeyError, KeyError, UnknownPermissions, VerificationCode, VerifiedUse,
    VerifyKey,
    model::{AllowedAddresses, ApiKey, KeyState, NewRestrictions, RawKey, Refill, RefillInterval, UseLimit},
};
use tessera_kernel::{AccessError, Actor, KeyScope, Role};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_personal_key, actor_by_service_account, actor_of, api_key_id, application_id, organization_id,
        permissions, user_id,
    },
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

use crate::managed::{bench_with_account, code, organization_key, store_keys_of_callers};

async fn application_key(bench: &Workbench) -> (ApiKey, RawKey) {
    let command = GenerateKey {
        permissions: vec![parsed("inventory:read")],
        restrict_permissions: true,
        ..GenerateKey::of(application_id(1))
    };
    ok(bench.api_keys().generate_key(&actor_of(user_id(1)), command).await)
}

fn disable() -> EditKey {
    EditKey { enabled: Some(false), ..EditKey::default() }
}

async fn edit(bench: &Workbench, by: &Actor, key: &ApiKey, change: EditKey) -> Result<ApiKey, EditKeyError> {
    bench.api_keys().edit_key(by, key.id, change).await
}

fn is_forbidden(error: &EditKeyError) -> bool {
    matches!(
        error,
        EditKeyError::Access(AccessError::Forbidden { .. })
            | EditKeyError::Key(KeyError::Access(AccessError::Forbidden { .. }))
    )
}

#[tokio::test]
async fn a_key_is_disabled_and_enabled_again() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    let (key, raw) = application_key(&bench).await;
    let admin = actor_of(user_id(2));
    let disabled = ok(edit(&bench, &admin, &key, disable()).await);
    assert_eq!(disabled, ApiKey { state: KeyState::Disabled { at: NOW }, ..key.clone() });
    assert_eq!(code(&bench, &raw).await, VerificationCode::Disabled);
    // To disable it again does not change when it was disabled.
    bench.clock.advance(Duration::SECOND);
    assert_eq!(ok(edit(&bench, &admin, &key, disable()).await), disabled);
    let enable = EditKey { enabled: Some(true), ..EditKey::default() };
    assert_eq!(ok(edit(&bench, &admin, &key, enable).await), key);
    assert_eq!(code(&bench, &raw).await, VerificationCode::Valid);
    let names = bench.actions(Some(organization_id(1))).await;
    assert_eq!(names.iter().filter(|name| *name == "api_key.updated").count(), 2);
}

#[tokio::test]
async fn the_audit_entry_names_what_was_changed() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    let (key, _) = application_key(&bench).await;
    let change = EditKey {
        description: Some(Some(parsed("new"))),
        remaining_uses: Some(Some(ok(5.try_into()))),
        enabled: Some(true),
        ..EditKey::default()
    };
    ok(edit(&bench, &actor_of(user_id(1)), &key, change).await);
    let event = some(bench.events(Some(organization_id(1))).await.pop());
    assert_eq!(event.name, "api_key.updated");
    let changed = event.details.iter().find(|(name, _)| *name == "changed");
    assert_eq!(some(changed).1, "description remaining_uses");
}

#[tokio::test]
async fn permissions_stay_among_those_that_exist_and_that_the_caller_has() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    store_keys_of_callers(&bench).await;
    let (key, _) = application_key(&bench).await;
    let change = |names: &[&str]| EditKey {
        permissions: Some(names.iter().map(|name| parsed(name)).collect()),
        ..EditKey::default()
    };
    let changed = ok(edit(&bench, &actor_of(user_id(2)), &key, change(&["goods:ship"])).await);
    assert_eq!(changed.permissions, permissions(["goods:ship"]));
    let unknown = failed(edit(&bench, &actor_of(user_id(2)), &key, change(&["goods:ship", "a:b"])).await);
    let EditKeyError::UnknownPermissions(UnknownPermissions { positions, .. }) = unknown else {
        panic!("{unknown:?}");
    };
    assert_eq!(positions, [1]);
    let own = permissions(["api_keys:write", "goods:ship", "inventory:read"]);
    let account = actor_by_service_account(organization_id(1), own, KeyScope::ReadWrite);
    ok(edit(&bench, &account, &key, change(&[])).await);
    assert!(is_forbidden(&failed(edit(&bench, &account, &key, change(&["inventory:write"])).await)));
    ok(edit(&bench, &actor_of(user_id(1)), &key, change(&["inventory:write"])).await);
    // The key has more rights than the service account now.
    assert!(is_forbidden(&failed(edit(&bench, &account, &key, disable()).await)));
    let personal = organization_key(&bench, 3, false).await;
    let refused = failed(edit(&bench, &actor_of(user_id(3)), &personal, change(&["org:read"])).await);
    assert!(matches!(refused, EditKeyError::NoPermissions), "{refused:?}");
}

#[tokio::test]
async fn keys_are_changed_by_those_who_manage_them() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    store_keys_of_callers(&bench).await;
    let (application, _) = application_key(&bench).await;
    let (of_owner, of_admin) = (organization_key(&bench, 1, false).await, organization_key(&bench, 2, false).await);
    let (of_member, of_account) = (organization_key(&bench, 3, false).await, organization_key(&bench, 1, true).await);
    let user = |number| actor_of(user_id(number));
    let key_of = |number, role| actor_by_personal_key(organization_id(1), user_id(number), role, KeyScope::ReadWrite);
    let manager = permissions(["api_keys:write", "goods:ship", "inventory:read"]);
    let cases = [
        (user(1), [true, true, true, true, true]),
        (user(2), [true, false, true, true, true]),
        (user(3), [false, false, false, true, false]),
        (user(4), [false; 5]),
        (key_of(1, Role::Owner), [true, true, true, true, true]),
        (key_of(2, Role::Admin), [true, false, true, false, false]),
        (key_of(3, Role::Member), [false, false, false, true, false]),
        (actor_by_service_account(organization_id(1), manager, KeyScope::ReadWrite), [true, false, false, false, true]),
    ];
    for (actor, allowed) in cases {
        for (key, allowed) in [&application, &of_owner, &of_admin, &of_member, &of_account].into_iter().zip(allowed) {
            let outcome = edit(&bench, &actor, key, disable()).await;
            assert_eq!(outcome.is_ok(), allowed, "{actor:?} {key:?} {outcome:?}");
            assert!(outcome.is_ok() || is_forbidden(&failed(outcome)));
        }
    }
    let only_reads = actor_by_personal_key(organization_id(1), user_id(1), Role::Owner, KeyScope::Read);
    let error = failed(edit(&bench, &only_reads, &application, disable()).await);
    assert!(matches!(error, EditKeyError::Key(KeyError::Access(AccessError::ReadOnlyKey { .. }))), "{error:?}");
}

#[tokio::test]
async fn foreign_unknown_and_revoked_keys_are_not_changed() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    let (key, _) = application_key(&bench).await;
    let stranger = actor_of(user_id(9));
    assert!(matches!(failed(edit(&bench, &stranger, &key, disable()).await), EditKeyError::Key(KeyError::NotFound)));
    assert!(matches!(failed(bench.api_keys().view_key(&stranger, key.id).await), KeyError::NotFound));
    let owner = actor_of(user_id(1));
    let unknown = ApiKey { id: api_key_id(99), ..key.clone() };
    assert!(matches!(failed(edit(&bench, &owner, &unknown, disable()).await), EditKeyError::Key(KeyError::NotFound)));
    ok(bench.api_keys().revoke_key(&owner, key.id).await);
    assert!(matches!(failed(edit(&bench, &owner, &key, disable()).await), EditKeyError::Key(KeyError::Revoked)));
    assert_eq!(ok(bench.api_keys().view_key(&owner, key.id).await).state, KeyState::Revoked { at: NOW });
}

#[tokio::test]
async fn a_key_is_used_from_the_allowed_addresses_only() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    let (key, raw) = application_key(&bench).await;
    let networks = ["192.0.2.0/24", "2001:db8::/32"].map(parsed).to_vec();
    let change = EditKey { allowed_addresses: Some(ok(AllowedAddresses::try_from(networks))), ..EditKey::default() };
    ok(edit(&bench, &actor_of(user_id(1)), &key, change).await);
    let keys = bench.api_keys();
    for (address, allowed) in [
        (Some("192.0.2.255"), true),
        (Some("192.0.3.0"), false),
        (Some("::ffff:192.0.2.7"), true),
        (Some("2001:db8:ffff::1"), true),
        (Some("2001:db9::1"), false),
        (None, false),
    ] {
        let address = address.map(|text| ok(text.parse()));
        let question = VerifyKey { key: raw.expose().to_owned(), permissions: Vec::new() };
        let found = ok(keys.verify_key(question, VerifiedUse { address, ..VerifiedUse::default() }).await);
        let expected = if allowed { VerificationCode::Valid } else { VerificationCode::AddressNotAllowed };
        assert_eq!(found.code, expected, "{address:?}");
        let origin = tessera_kernel::RequestMetadata { address, ..tessera_testkit::builders::origin() };
        assert_eq!(keys.authenticate_key(raw.expose(), &origin, None).await.is_ok(), allowed, "{address:?}");
    }
}

#[tokio::test]
async fn remaining_uses_and_their_refill_are_set_together_or_apart() {
    let bench = bench_with_account(&["goods:ship", "inventory:read"]).await;
    let (key, _) = application_key(&bench).await;
    let owner = actor_of(user_id(1));
    let refill = Refill { amount: ok(50.try_into()), interval: RefillInterval::Month };
    let only_refill = || EditKey { refill: Some(Some(refill)), ..EditKey::default() };
    let error = failed(edit(&bench, &owner, &key, only_refill()).await);
    assert!(matches!(error, EditKeyError::RefillWithoutUses(_)), "{error:?}");
    let uses = |number: i64| EditKey { remaining_uses: Some(Some(ok(number.try_into()))), ..EditKey::default() };
    let set = ok(edit(&bench, &owner, &key, uses(7)).await).restrictions.uses;
    assert_eq!(set, Some(UseLimit { remaining: ok(7.try_into()), since: NOW, refill: None }));
    bench.clock.advance(Duration::HOUR);
    let refilled = some(ok(edit(&bench, &owner, &key, only_refill()).await).restrictions.uses);
    // The new refill does not happen before the next month.
    assert_eq!((refilled.remaining.get(), refilled.refill), (7, Some(refill)));
    assert_eq!(refilled.at(NOW + Duration::HOUR), refilled);
    assert_eq!(refilled.at(NOW + Duration::days(40)).remaining.get(), 50);
    let again = some(ok(edit(&bench, &owner, &key, uses(3)).await).restrictions.uses);
    assert_eq!((again.remaining.get(), again.since, again.refill), (3, NOW + Duration::HOUR, Some(refill)));
    let none = EditKey { remaining_uses: Some(None), ..EditKey::default() };
    assert_eq!(ok(edit(&bench, &owner, &key, none).await).restrictions.uses, None);
    let command = GenerateKey {
        restrictions: NewRestrictions { refill: Some(refill), ..NewRestrictions::default() },
        ..GenerateKey::of(application_id(1))
    };
    let error = failed(bench.api_keys().generate_key(&owner, command).await);
    assert!(matches!(error, GenerateKeyError::RefillWithoutUses(_)), "{error:?}");
}
