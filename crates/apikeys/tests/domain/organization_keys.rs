//! Keys of organizations and service accounts: who may create and see them, and what is recorded.

use tessera_apikeys::{
    ApiKeys, CreateOrganizationKey, CreateOrganizationKeyError, CreateServiceAccount, KeyError, KeyQuotas,
    ServiceAccountError, UpdateServiceAccount,
    model::{
        ApiKey, KeyOwner, KeyState, KeyUse, NewRestrictions, RawKey, ServiceAccount, ServiceAccountState, StoredKey,
    },
    policy,
    ports::SliceRequest,
};
use tessera_kernel::{
    AccessError, ActingParty, Actor, ActsAs, CreateError, KeyScope, PermissionSet, Principal, Role, ServiceAccountId,
};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_personal_key, actor_by_service_account, actor_of, organization_id, organization_key, origin,
        permissions, service_account, service_account_id, user_id,
    },
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

use crate::managed::store_keys_of_callers;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1, which has service accounts 1 and 2. Service
/// account 1 manages keys and reads the inventory, service account 2 also writes the inventory.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member]).await;
    let [one, two] = [1, 2].map(|number| service_account(number, organization_id(1), user_id(1)));
    let one = ServiceAccount { permissions: permissions(FEW), ..one };
    bench.stores.add_service_accounts([&one, &two]).await;
    bench
}

/// The permissions of service account 1.
const FEW: [&str; 2] = ["api_keys:write", "inventory:read"];

/// Changes the stored permissions of service account 1. A request that is being handled still has the earlier ones.
async fn store_permissions(bench: &Workbench, permissions: PermissionSet) {
    let mut tx = ok(bench.stores.api_keys.begin().await);
    let account = some(ok(tx.service_accounts().find(organization_id(1), service_account_id(1)).await));
    assert!(ok(tx.service_accounts().update(&ServiceAccount { permissions, ..account }).await));
    ok(tx.commit().await);
}

fn command(account: Option<ServiceAccountId>) -> CreateOrganizationKey {
    CreateOrganizationKey {
        organization: organization_id(1),
        name: parsed("Deployment"),
        description: None,
        expires_at: Some(NOW + Duration::DAY),
        scope: KeyScope::ReadWrite,
        service_account: account,
        restrictions: NewRestrictions::default(),
    }
}

async fn create(
    keys: &ApiKeys,
    actor: &Actor,
    account: Option<ServiceAccountId>,
) -> Result<(ApiKey, RawKey), CreateOrganizationKeyError> {
    keys.create_organization_key(actor, command(account)).await
}

fn denied(error: &CreateOrganizationKeyError) -> bool {
    matches!(error, CreateOrganizationKeyError::Access(AccessError::Forbidden { .. }))
}

#[tokio::test]
async fn a_personal_key_acts_as_its_creator() {
    let bench = bench().await;
    let (key, raw) = ok(create(&bench.api_keys(), &actor_of(user_id(3)), None).await);
    assert_eq!((key.owner, key.created_by), (KeyOwner::User(user_id(3)), user_id(3).into()));
    let principal = ok(bench.api_keys().authenticate_key(raw.expose(), &origin(), None).await);
    let acts_as = ActsAs::Member { user: user_id(3), role: Role::Member };
    let (key, organization, scope) = (key.id, organization_id(1), KeyScope::ReadWrite);
    assert_eq!(principal, Principal::OrganizationKey { key, organization, scope, acts_as });
}

#[tokio::test]
async fn the_creation_is_recorded_and_its_user_gets_a_mail() {
    let bench = bench().await;
    ok(create(&bench.api_keys(), &actor_of(user_id(2)), Some(service_account_id(1))).await);
    let events = bench.events(Some(organization_id(1))).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].name, "organization_key.created");
    let details = &events[0].details;
    assert_eq!(details[0], ("service_account_id".to_owned(), service_account_id(1).to_string()));
    let mails = bench.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.recipient.clone()).collect::<Vec<_>>(), [parsed("user2@example.com")]);
}

#[tokio::test]
async fn a_service_account_creates_keys_for_itself_without_a_mail() {
    let bench = bench().await;
    store_keys_of_callers(&bench).await;
    let own = actor_by_service_account(organization_id(1), permissions(FEW), KeyScope::ReadWrite);
    let (key, _) = ok(create(&bench.api_keys(), &own, Some(service_account_id(1))).await);
    assert_eq!(key.created_by.as_uuid(), service_account_id(1).as_uuid());
    assert_eq!(bench.mails().await, []);
    let error = failed(create(&bench.api_keys(), &own, None).await);
    assert!(matches!(error, CreateOrganizationKeyError::ServiceAccountRequired), "{error:?}");
    let error = failed(create(&bench.api_keys(), &own, Some(service_account_id(2))).await);
    assert!(denied(&error), "{error:?}");
}

#[tokio::test]
async fn only_administrators_and_keys_of_owners_create_keys_for_service_accounts() {
    let bench = bench().await;
    store_keys_of_callers(&bench).await;
    let of_key = |number, role| actor_by_personal_key(organization_id(1), user_id(number), role, KeyScope::ReadWrite);
    for (actor, allowed) in [
        (actor_of(user_id(1)), true),
        (actor_of(user_id(2)), true),
        (actor_of(user_id(3)), false),
        (of_key(1, Role::Owner), true),
        (of_key(2, Role::Admin), false),
        (of_key(3, Role::Member), false),
    ] {
        let created = create(&bench.api_keys(), &actor, Some(service_account_id(1))).await;
        assert_eq!(created.is_ok(), allowed, "{actor:?}");
        assert!(created.map_err(|error| denied(&error)).err() != Some(false), "{actor:?}");
    }
}

#[tokio::test]
async fn an_expiry_is_in_the_future() {
    let bench = bench().await;
    for (expiry, good) in [(NOW - Duration::SECOND, false), (NOW, false), (NOW + Duration::MICROSECOND, true)] {
        let command = CreateOrganizationKey { expires_at: Some(expiry), ..command(None) };
        let created = bench.api_keys().create_organization_key(&actor_of(user_id(1)), command).await;
        assert_eq!(created.is_ok(), good, "{expiry}");
    }
}

#[tokio::test]
async fn each_owner_has_a_quota_of_its_own() {
    let bench = bench().await;
    let (personal_keys, active_keys) = (KeyQuotas::default().personal_keys, KeyQuotas::default().active_keys);
    let quotas = KeyQuotas {
        personal_keys: personal_keys.with_maximum(1),
        active_keys: active_keys.with_maximum(2),
        ..KeyQuotas::default()
    };
    let keys = bench.api_keys().with_quotas(quotas);
    let owner = actor_of(user_id(1));
    for (account, room) in [(None, 1), (Some(service_account_id(1)), 2)] {
        for _ in 0..room {
            ok(create(&keys, &owner, account).await);
        }
        let error = failed(create(&keys, &owner, account).await);
        assert!(matches!(error, CreateOrganizationKeyError::Quota(_)), "{error:?}");
    }
    ok(create(&keys, &actor_of(user_id(2)), None).await);
}

#[test]
fn members_see_their_own_keys() {
    let member = |role| ActingParty::Member { user: user_id(1), role, by_key: false };
    let account = ActingParty::ServiceAccount { account: service_account_id(1), permissions: permissions([]) };
    let owners =
        [KeyOwner::User(user_id(1)), KeyOwner::User(user_id(2)), KeyOwner::ServiceAccount(service_account_id(1))];
    for (party, expected) in [
        (member(Role::Member), [true, false, false]),
        (member(Role::Admin), [true, true, true]),
        (member(Role::Owner), [true, true, true]),
        (account, [true, true, true]),
    ] {
        assert_eq!(owners.map(|owner| policy::sees(&party, owner)), expected, "{party:?}");
    }
}

#[tokio::test]
async fn a_key_is_revoked_once_by_a_caller_who_sees_it() {
    let bench = bench().await;
    let keys = bench.api_keys();
    let (key, _) = ok(create(&keys, &actor_of(user_id(1)), None).await);
    let revoke = async |by| keys.revoke_organization_key(&actor_of(user_id(by)), organization_id(1), key.id).await;
    let error = failed(revoke(3).await);
    assert!(matches!(error, KeyError::Access(AccessError::Forbidden { .. })), "{error:?}");
    ok(revoke(2).await);
    ok(revoke(1).await);
    let actions = bench.actions(Some(organization_id(1))).await;
    assert_eq!(actions, ["organization_key.created", "organization_key.revoked"]);
    // Nor does the operation for keys of any kind.
    ok(keys.revoke_key(&actor_of(user_id(1)), key.id).await);
    assert_eq!(bench.actions(Some(organization_id(1))).await.len(), 2);
}

#[tokio::test]
async fn a_disabled_service_account_stays_disabled_and_in_the_list() {
    let bench = bench().await;
    let (keys, owner, id) = (bench.api_keys(), actor_of(user_id(1)), service_account_id(1));
    let disable = async || ok(keys.disable_service_account(&owner, organization_id(1), id).await);
    let disabled = disable().await;
    assert_eq!(disabled.state, ServiceAccountState::Disabled { at: NOW });
    bench.clock.advance(Duration::HOUR);
    assert_eq!(disable().await, disabled);
    let listed = ok(keys.list_service_accounts(&owner, organization_id(1), SliceRequest::default()).await);
    assert_eq!(listed.items.first(), Some(&disabled));
    assert_eq!(bench.actions(Some(organization_id(1))).await, ["service_account.disabled"]);
    let error = failed(create(&keys, &owner, Some(id)).await);
    assert!(matches!(error, CreateOrganizationKeyError::ServiceAccountUnavailable), "{error:?}");
}

#[tokio::test]
async fn a_service_account_gets_only_permissions_that_the_caller_has() {
    let bench = bench().await;
    let keys = bench.api_keys();
    let actor = |own| actor_by_service_account(organization_id(1), own, KeyScope::ReadWrite);
    let create = |wanted| CreateServiceAccount {
        organization: organization_id(1),
        name: parsed("Importer"),
        description: None,
        permissions: wanted,
    };
    let few = actor(permissions(FEW));
    ok(keys.create_service_account(&few, create(permissions(["inventory:read"]))).await);
    let error = failed(keys.create_service_account(&few, create(permissions(["inventory:write"]))).await);
    assert!(matches!(error, CreateError::Access(AccessError::Forbidden { .. })), "{error:?}");
    // Service account 2 may write the inventory.
    let change = || UpdateServiceAccount {
        organization: organization_id(1),
        account: service_account_id(2),
        name: parsed("Importer"),
        description: None,
        permissions: permissions([]),
    };
    let error = failed(keys.update_service_account(&few, change()).await);
    assert!(matches!(error, ServiceAccountError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let more = permissions(["api_keys:write", "inventory:read", "inventory:write"]);
    store_permissions(&bench, more.clone()).await;
    let all = actor(more);
    let changed = ok(keys.update_service_account(&all, change()).await);
    // An absent description stays.
    assert_eq!((changed.permissions, changed.description), (permissions([]), Some(parsed("nightly import"))));
}

#[tokio::test]
async fn the_use_of_an_organization_key_is_recorded() {
    let bench = bench().await;
    let keys = bench.api_keys();
    let (key, raw) = ok(create(&keys, &actor_of(user_id(1)), None).await);
    ok(keys.authenticate_key(raw.expose(), &origin(), Some("deployer/1")).await);
    ok(keys.record_usage(false).await);
    let used = KeyUse { at: NOW, address: origin().address, user_agent: Some("deployer/1".to_owned()) };
    assert_eq!(some(ok(bench.stores.api_keys.find_key(key.id).await)).last_use, Some(used));
}

#[tokio::test]
async fn rights_that_were_lost_during_the_request_do_not_count() {
    let bench = bench().await;
    store_keys_of_callers(&bench).await;
    let keys = bench.api_keys();
    let account = actor_by_service_account(organization_id(1), permissions(FEW), KeyScope::ReadWrite);
    let admin = actor_by_personal_key(organization_id(1), user_id(2), Role::Admin, KeyScope::ReadWrite);
    ok(create(&keys, &account, Some(service_account_id(1))).await);
    ok(create(&keys, &admin, None).await);
    store_permissions(&bench, permissions(["inventory:read"])).await;
    let error = failed(create(&keys, &account, Some(service_account_id(1))).await);
    assert!(denied(&error), "{error:?}");
    ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(2)).await);
    let error = failed(create(&keys, &admin, None).await);
    assert!(matches!(error, CreateOrganizationKeyError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_key_that_ended_during_the_request_creates_none() {
    for (state, expires_at) in [(KeyState::Disabled { at: NOW }, None), (KeyState::Active, Some(NOW))] {
        let bench = bench().await;
        let owner = KeyOwner::ServiceAccount(service_account_id(1));
        let stored = organization_key(901, organization_id(1), owner, user_id(1));
        let key = ApiKey { state, expires_at, ..stored.key };
        bench.stores.add_keys([&StoredKey { key, ..stored }]).await;
        let caller = actor_by_service_account(organization_id(1), permissions(FEW), KeyScope::ReadWrite);
        let refused = failed(create(&bench.api_keys(), &caller, Some(service_account_id(1))).await);
        assert!(denied(&refused), "{refused:?}");
    }
}
