//! Contract of the service accounts of [`ApiKeyStore`].

use tessera_apikeys::{
    model::{ServiceAccount, ServiceAccountState},
    ports::{ApiKeyStore, SliceRequest},
};
use tessera_kernel::{PermissionSet, StoreError};
use time::Duration;

use super::world::tenant;
use crate::{
    Harness, Stores,
    builders::{NOW, organization_id, permissions, service_account, service_account_id, user_id},
    concurrency::{in_time, nothing_is_held},
    expectations::{conflict, ok},
};

fn account(number: u32) -> ServiceAccount {
    service_account(number, organization_id(1), user_id(1))
}

async fn find(stores: &Stores, organization: u32, number: u32) -> Option<ServiceAccount> {
    let id = service_account_id(number);
    ok(in_time(stores.api_keys.find_service_account(organization_id(organization), id)).await)
}

async fn insert(store: &dyn ApiKeyStore, account: &ServiceAccount) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.service_accounts().insert(account).await?;
    tx.commit().await
}

contract!(
    use service_accounts as service_accounts_contract;

    async fn a_service_account_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let bare = ServiceAccount {
            description: None,
            permissions: PermissionSet::default(),
            state: ServiceAccountState::Disabled { at: NOW + Duration::MICROSECOND },
            ..account(2)
        };
        stores.add_service_accounts([&account(1), &bare]).await;
        assert_eq!(find(stores, 1, 1).await, Some(account(1)));
        assert_eq!(find(stores, 1, 2).await, Some(bare));
        assert_eq!(find(stores, 1, 3).await, None);
    }

    async fn a_service_account_is_found_in_its_organization_only(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        stores.add_service_accounts([&account(1)]).await;
        assert_eq!(find(stores, 2, 1).await, None);
        let mut tx = ok(stores.api_keys.begin().await);
        assert_eq!(ok(tx.service_accounts().find(organization_id(2), service_account_id(1)).await), None);
        assert_eq!(ok(tx.service_accounts().count(organization_id(2)).await), 0);
        assert_eq!(ok(tx.service_accounts().count(organization_id(1)).await), 1);
    }

    async fn ids_of_service_accounts_are_unique_and_the_organization_exists(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_service_accounts([&account(1)]).await;
        conflict(insert(&*stores.api_keys, &account(1)).await, "service_accounts_id");
        let elsewhere = service_account(2, organization_id(9), user_id(1));
        conflict(insert(&*stores.api_keys, &elsewhere).await, StoreError::REFERENCE);
        nothing_is_held(harness).await;
    }

    async fn a_change_of_a_service_account_keeps_its_origin(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_service_accounts([&account(1), &account(2)]).await;
        let later = NOW + Duration::HOUR;
        let changed = ServiceAccount {
            name: account(7).name,
            description: None,
            permissions: permissions(["org:read"]),
            state: ServiceAccountState::Disabled { at: later },
            updated_at: later,
            ..account(1)
        };
        let other_origin = ServiceAccount { created_by: user_id(2).into(), created_at: later, ..changed.clone() };
        let mut tx = ok(stores.api_keys.begin().await);
        assert!(ok(tx.service_accounts().update(&other_origin).await));
        assert!(!ok(tx.service_accounts().update(&account(3)).await));
        ok(tx.commit().await);
        assert_eq!(find(stores, 1, 1).await, Some(changed));
        assert_eq!(find(stores, 1, 2).await, Some(account(2)));
    }

    async fn service_accounts_are_listed_in_slices_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let all = [1, 2, 3, 4].map(account);
        stores.add_service_accounts(all.iter().rev()).await;
        for (limit, offset) in [(1_u16, 0_u32), (3, 1), (4, 0), (2, 3), (9, 4)] {
            let request = SliceRequest { limit: ok(limit.try_into()), offset: ok(offset.try_into()) };
            let found = ok(stores.api_keys.list_service_accounts(organization_id(1), request).await);
            let rest = &all[offset as usize..];
            let expected = &rest[..rest.len().min(usize::from(limit))];
            assert_eq!((found.items.as_slice(), found.has_more), (expected, rest.len() > usize::from(limit)));
        }
    }

    async fn dropped_changes_of_service_accounts_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let mut tx = ok(stores.api_keys.begin().await);
        ok(tx.service_accounts().insert(&account(1)).await);
        drop(tx);
        assert_eq!(find(stores, 1, 1).await, None);
        nothing_is_held(harness).await;
    }
);
