//! Contract of [`ApiKeyStore`] for the keys of organizations.

use std::sync::Arc;

use tessera_apikeys::{
    model::{
        ApiKey, FoundKey, KeyKind, KeyOwner, KeyState, OwnerRights, ServiceAccount, ServiceAccountState, StoredKey,
    },
    ports::{ApiKeyStore, KeyCounts, SliceRequest},
};
use tessera_kernel::{KeyScope, PageRequest, Role, StoreError, UserId};
use time::Duration;

use super::world::{Tenant, tenant};
use crate::{
    Harness, Stores,
    builders::{
        NOW, api_key, api_key_id, key_use, membership, organization, organization_id, organization_key, permissions,
        service_account, service_account_id, user, user_id,
    },
    concurrency::{in_time, second_comes_while_first_holds},
    expectations::{conflict, ok, some},
};

/// A personal key of a member of organization 1.
fn personal(number: u32, of: UserId) -> StoredKey {
    organization_key(number, organization_id(1), KeyOwner::User(of), of)
}

/// A key of service account 1.
fn of_account(number: u32) -> StoredKey {
    let owner = KeyOwner::ServiceAccount(service_account_id(1));
    organization_key(number, organization_id(1), owner, user_id(1))
}

/// Tenant 1 with service account 1.
async fn tenant_with_account(stores: &Stores) -> Tenant {
    let tenant = tenant(stores, 1).await;
    stores.add_service_accounts([&service_account(1, tenant.organization.id, tenant.owner.id)]).await;
    tenant
}

async fn find(stores: &Stores, key: &StoredKey) -> Option<FoundKey> {
    ok(in_time(stores.api_keys.find_key_by_hash(KeyKind::Organization, &key.hash)).await)
}

async fn rights(stores: &Stores, key: &StoredKey) -> OwnerRights {
    some(find(stores, key).await).rights
}

async fn insert(store: Arc<dyn ApiKeyStore>, key: StoredKey) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.keys().insert(&key).await?;
    tx.commit().await
}

async fn change_account(stores: &Stores, account: &ServiceAccount) {
    let mut tx = ok(stores.api_keys.begin().await);
    assert!(ok(tx.service_accounts().update(account).await));
    ok(tx.commit().await);
}

async fn end_membership(stores: &Stores, user: UserId) {
    let mut tx = ok(stores.orgs.begin().await);
    assert!(ok(tx.memberships().delete(organization_id(1), user).await));
    ok(tx.commit().await);
}

fn slice(limit: u16, offset: u32) -> SliceRequest {
    SliceRequest { limit: ok(limit.try_into()), offset: ok(offset.try_into()) }
}

contract!(
    use organization_keys as organization_keys_contract;

    async fn an_organization_key_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant_with_account(stores).await;
        let mut used = personal(1, tenant.owner.id);
        used.key.last_use = Some(key_use(NOW + Duration::SECOND));
        let mut bare = of_account(2);
        bare.key = ApiKey { description: None, expires_at: None, scope: KeyScope::Read, ..bare.key };
        stores.add_keys([&used, &bare]).await;
        for key in [used, bare] {
            assert_eq!(some(find(stores, &key).await).stored, key);
            assert_eq!(ok(stores.api_keys.find_key(key.key.id).await), Some(key.key));
        }
    }

    async fn a_key_is_found_as_a_key_of_its_kind_only(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let (of_user, of_application) =
            (personal(1, tenant.owner.id), api_key(2, &tenant.application, tenant.owner.id));
        stores.add_keys([&of_user, &of_application]).await;
        let as_application_key = stores.api_keys.find_key_by_hash(KeyKind::Application, &of_user.hash);
        assert_eq!(ok(as_application_key.await), None);
        assert_eq!(find(stores, &of_application).await, None);
        let listed = ok(stores.api_keys.list_keys(tenant.application.id, PageRequest::default()).await).items;
        assert_eq!(listed, [of_application.key]);
    }

    async fn a_personal_key_has_the_present_role_of_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let key = personal(1, tenant.owner.id);
        stores.add_keys([&key]).await;
        assert_eq!(rights(stores, &key).await, OwnerRights::Role(Some(Role::Owner)));
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.memberships().set_role(organization_id(1), tenant.owner.id, Role::Member).await));
        ok(tx.commit().await);
        assert_eq!(rights(stores, &key).await, OwnerRights::Role(Some(Role::Member)));
    }

    async fn a_personal_key_does_not_return_with_a_later_membership(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let key = personal(1, tenant.owner.id);
        stores.add_keys([&key]).await;
        end_membership(stores, tenant.owner.id).await;
        assert_eq!(rights(stores, &key).await, OwnerRights::Role(None));
        let mut again = membership(organization_id(1), tenant.owner.id, Role::Owner);
        again.joined_at += Duration::MICROSECOND;
        stores.add_memberships([&again]).await;
        assert_eq!(rights(stores, &key).await, OwnerRights::Role(None));
        let next = personal(2, tenant.owner.id);
        stores.add_keys([&next]).await;
        let mut tx = ok(stores.api_keys.begin().await);
        let counts = ok(tx.keys().count(organization_id(1), next.key.owner, NOW).await);
        assert_eq!(counts.active, 1, "the key of the ended membership does not count");
        drop(tx);
        assert_eq!(rights(stores, &next).await, OwnerRights::Role(Some(Role::Owner)));
    }

    async fn a_key_of_a_service_account_has_its_present_permissions(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant_with_account(stores).await;
        let account = service_account(1, tenant.organization.id, tenant.owner.id);
        let key = of_account(1);
        stores.add_keys([&key]).await;
        assert_eq!(rights(stores, &key).await, OwnerRights::Permissions(Some(account.permissions.clone())));
        let fewer = ServiceAccount { permissions: permissions(["org:read"]), ..account };
        change_account(stores, &fewer).await;
        assert_eq!(rights(stores, &key).await, OwnerRights::Permissions(Some(fewer.permissions.clone())));
        let disabled = ServiceAccount { state: ServiceAccountState::Disabled { at: NOW }, ..fewer };
        change_account(stores, &disabled).await;
        assert_eq!(rights(stores, &key).await, OwnerRights::Permissions(None));
    }

    async fn a_key_needs_its_owner(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_users([&user(2)]).await;
        let elsewhere = organization_key(3, organization_id(2), KeyOwner::User(user_id(1)), user_id(1));
        for key in [personal(1, user_id(2)), of_account(2), elsewhere] {
            conflict(in_time(insert(stores.api_keys.clone(), key)).await, StoreError::REFERENCE);
        }
        assert_eq!(ok(stores.api_keys.list_organization_keys(organization_id(1), None, slice(9, 0)).await).items, []);
    }

    async fn a_revoked_organization_key_is_found_as_revoked(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let key = personal(1, tenant.owner.id);
        stores.add_keys([&key]).await;
        let mut tx = ok(stores.api_keys.begin().await);
        assert!(ok(tx.keys().revoke(api_key_id(1), NOW).await));
        ok(tx.commit().await);
        assert_eq!(some(find(stores, &key).await).stored.key.state, KeyState::Revoked { at: NOW });
    }

    async fn organization_keys_are_listed_in_slices_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant_with_account(stores).await;
        stores.add_users([&user(2)]).await;
        stores.add_memberships([&membership(organization_id(1), user_id(2), Role::Member)]).await;
        let mut all = vec![personal(1, tenant.owner.id), of_account(2), personal(3, user_id(2)), of_account(4)];
        all[1].key.state = KeyState::Revoked { at: NOW };
        stores.add_keys(all.iter().rev()).await;
        stores.add_keys([&api_key(5, &tenant.application, tenant.owner.id)]).await;
        let keys: Vec<ApiKey> = all.into_iter().map(|stored| stored.key).collect();
        let list =
            async |of, request| ok(stores.api_keys.list_organization_keys(organization_id(1), of, request).await);
        for (limit, offset) in [(1, 0), (3, 1), (4, 0), (2, 3), (9, 4)] {
            let found = list(None, slice(limit, offset)).await;
            let rest = &keys[offset as usize..];
            let expected = &rest[..rest.len().min(usize::from(limit))];
            assert_eq!(found.items, expected, "{limit} from {offset}");
            assert_eq!(found.has_more, rest.len() > usize::from(limit), "{limit} from {offset}");
        }
        assert_eq!(list(Some(user_id(2)), slice(9, 0)).await.items, keys[2..3]);
        let other = stores.api_keys.list_organization_keys(organization_id(2), None, slice(9, 0));
        assert_eq!(ok(other.await).items, []);
    }

    async fn keys_are_counted_for_each_owner_and_together(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant_with_account(stores).await;
        let (owner, account) = (KeyOwner::User(tenant.owner.id), KeyOwner::ServiceAccount(service_account_id(1)));
        let mut expired = personal(3, tenant.owner.id);
        expired.key.expires_at = Some(NOW);
        let mut revoked = of_account(4);
        revoked.key.state = KeyState::Revoked { at: NOW };
        let keys = [personal(1, tenant.owner.id), of_account(2), expired, revoked, personal(6, tenant.owner.id)];
        stores.add_keys(&keys).await;
        // The keys of the same user in another organization.
        stores.add_organizations([&organization(2)]).await;
        stores.add_memberships([&membership(organization_id(2), tenant.owner.id, Role::Owner)]).await;
        stores.add_keys([&organization_key(7, organization_id(2), owner, tenant.owner.id)]).await;
        stores.add_keys([&api_key(5, &tenant.application, tenant.owner.id)]).await;
        let mut tx = ok(stores.api_keys.begin().await);
        for (of, active) in [(owner, 2), (account, 1), (KeyOwner::Application(tenant.application.id), 1)] {
            let counts = ok(tx.keys().count(organization_id(1), of, NOW).await);
            assert_eq!(counts, KeyCounts { active, in_organization: 3 }, "{of:?}");
        }
        assert!(ok(tx.keys().lock(organization_id(1)).await));
        assert!(!ok(tx.keys().lock(organization_id(3)).await));
    }

    async fn a_change_of_membership_is_visible_under_the_lock(harness: &impl Harness) {
        async fn role(store: Arc<dyn ApiKeyStore>) -> Result<Option<Role>, StoreError> {
            let mut tx = store.begin().await?;
            assert!(tx.keys().lock(organization_id(1)).await?);
            let role = tx.keys().role_of(organization_id(1), user_id(1)).await?;
            tx.commit().await?;
            Ok(role)
        }
        let stores = harness.stores();
        tenant(stores, 1).await;
        let mut first = ok(stores.orgs.begin().await);
        some(ok(first.organizations().lock(organization_id(1)).await));
        assert!(ok(first.memberships().set_role(organization_id(1), user_id(1), Role::Member).await));
        let store = stores.api_keys.clone();
        let read = async || ok(stores.memberships.role_of(organization_id(1), user_id(1)).await);
        let second = second_comes_while_first_holds(harness, move || role(store.clone()), read).await;
        if let Some(seen) = second.after(harness, first.commit()).await {
            assert_eq!(ok(seen), Some(Role::Member));
            assert_eq!(ok(role(stores.api_keys.clone()).await), Some(Role::Member));
        }
    }

    async fn keys_and_accounts_end_with_their_organization(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant_with_account(stores).await;
        let keys = [personal(1, tenant.owner.id), of_account(2)];
        stores.add_keys(&keys).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.organizations().delete(organization_id(1)).await));
        ok(tx.commit().await);
        for key in &keys {
            assert_eq!(find(stores, key).await, None);
            assert_eq!(ok(stores.api_keys.find_key(key.key.id).await), None);
        }
        assert_eq!(ok(stores.api_keys.list_organization_keys(organization_id(1), None, slice(9, 0)).await).items, []);
        assert_eq!(ok(stores.api_keys.list_service_accounts(organization_id(1), slice(9, 0)).await).items, []);
        let account = stores.api_keys.find_service_account(organization_id(1), service_account_id(1));
        assert_eq!(ok(account.await), None);
        // One application, two keys, one service account, one membership and the organization itself.
        ok(stores.apps.clear_deleted(100).await);
        assert_eq!(ok(stores.orgs.clear_deleted_organizations(100).await), 5);
        stores.add_organizations([&organization(1)]).await;
        assert_eq!(ok(stores.api_keys.list_service_accounts(organization_id(1), slice(9, 0)).await).items, []);
    }
);
