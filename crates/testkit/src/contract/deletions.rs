//! Contract of [`AppStore`] for deleted applications.

use std::sync::Arc;

use tessera_apikeys::{
    model::{KeyKind, StoredKey},
    ports::ApiKeyStore,
};
use tessera_apps::ports::AppStore;
use tessera_kernel::{ApplicationId, PageRequest, StoreError};

use super::world::{self, tenant};
use crate::{
    Contention, Harness, Stores,
    builders::{api_key, application, application_id, item_change, organization_id, sso_code, sso_session, user_id},
    concurrency::{at_once, in_time, nothing_is_held, second_comes_while_first_holds},
    expectations::{conflict, ok, some},
};

async fn delete(apps: &dyn AppStore, id: ApplicationId) -> bool {
    let mut tx = ok(apps.begin().await);
    let deleted = ok(tx.applications().delete(id).await);
    ok(tx.commit().await);
    deleted
}

async fn insert(keys: Arc<dyn ApiKeyStore>, key: StoredKey) -> Result<(), StoreError> {
    let mut tx = keys.begin().await?;
    tx.keys().insert(&key).await?;
    tx.commit().await
}

/// Creates application 1 with three keys, two items, a session and a code (eight rows with its own), and application 2
/// with one of each.
async fn filled(stores: &Stores) {
    tenant(stores, 1).await;
    let (first, second) = (application(1, organization_id(1)), application(2, organization_id(1)));
    stores.add_applications([&second]).await;
    let key = |number, of| api_key(number, of, user_id(1));
    stores.add_keys([&key(1, &first), &key(2, &first), &key(3, &first), &key(4, &second)]).await;
    for (number, of) in [(1, first.id), (2, first.id), (3, second.id)] {
        stores.put_item(&item_change(number, of)).await;
    }
    for (number, of) in [(1, first.id), (2, second.id)] {
        stores.add_sso_session(&sso_session(number, of)).await;
        stores.add_sso_code(&sso_code(number, of, user_id(1))).await;
    }
}

/// Asserts that application 2 is complete.
async fn the_other_is_whole(stores: &Stores) {
    let of = application_id(2);
    assert!(ok(stores.apps.find_application(of).await).is_some());
    assert_eq!(ok(stores.api_keys.list_keys(of, PageRequest::default()).await).items.len(), 1);
    assert_eq!(ok(stores.items.list_items(of, PageRequest::default()).await).items.len(), 1);
    assert!(ok(stores.sso.find_sso_session(sso_session(2, of).id).await).is_some());
    let mut tx = ok(stores.sso.begin().await);
    assert!(ok(tx.sso_codes().lock(&sso_code(2, of, user_id(1)).hash).await).is_some());
}

contract!(
    use deletions as deletions_contract;

    async fn a_deleted_application_is_not_found_before_its_rows_are_cleared(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        let (id, gone) = (application_id(1), application(1, organization_id(1)));
        assert!(delete(&*stores.apps, id).await);
        assert!(!delete(&*stores.apps, id).await);
        assert_eq!(ok(stores.apps.find_application(id).await), None);
        let listed = ok(stores.apps.list_applications(organization_id(1), PageRequest::default()).await).items;
        assert_eq!(listed.into_iter().map(|one| one.id).collect::<Vec<_>>(), [application_id(2)]);
        assert_eq!(ok(stores.memberships.application_role(id, user_id(1)).await), None);
        assert_eq!(ok(stores.relying_parties.find_relying_party(id).await), None);
        let key = api_key(1, &gone, user_id(1));
        assert_eq!(ok(stores.api_keys.find_key_by_hash(KeyKind::Application, &key.hash).await), None);
        assert_eq!(ok(stores.api_keys.find_key(key.key.id).await), None);
        world::is_empty(|page| stores.api_keys.list_keys(id, page)).await;
        world::is_empty(|page| stores.items.list_items(id, page)).await;
        assert_eq!(ok(stores.sso.find_sso_session(sso_session(1, id).id).await), None);

        let mut tx = ok(stores.apps.begin().await);
        assert_eq!(ok(tx.applications().lock(id).await), None);
        assert!(!ok(tx.applications().update(&gone).await));
        assert_eq!(ok(tx.applications().lock_and_count(organization_id(1)).await), Some(1));
        drop(tx);
        let mut tx = ok(stores.sso.begin().await);
        assert_eq!(ok(tx.sso_sessions().lock(sso_session(1, id).id).await), None);
        assert_eq!(ok(tx.sso_codes().lock(&sso_code(1, id, user_id(1)).hash).await), None);
        conflict(tx.sso_sessions().insert(&sso_session(9, id)).await, StoreError::REFERENCE);
        drop(tx);
        let mut tx = ok(stores.api_keys.begin().await);
        conflict(tx.keys().insert(&api_key(9, &gone, user_id(1))).await, StoreError::REFERENCE);
        drop(tx);
        // An item that exists and a new one.
        for number in [1, 9] {
            conflict(stores.items.upsert_item(&item_change(number, id), None).await, StoreError::REFERENCE);
        }
        the_other_is_whole(stores).await;
        nothing_is_held(harness).await;
    }

    async fn rows_are_cleared_in_steps_of_bounded_size(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        assert_eq!(ok(stores.apps.clear_deleted(10).await), 0);
        assert!(delete(&*stores.apps, application_id(1)).await);
        for cleared in [3, 3, 2, 0] {
            assert_eq!(ok(stores.apps.clear_deleted(3).await), cleared);
        }
        the_other_is_whole(stores).await;
        // All ids of the deleted rows are free again, so no row is left.
        let (again, id) = (application(1, organization_id(1)), application_id(1));
        stores.add_applications([&again]).await;
        stores.add_keys(&[1, 2, 3].map(|number| api_key(number, &again, user_id(1)))).await;
        for number in [1, 2] {
            assert_eq!(stores.put_item(&item_change(number, id)).await.version, 1);
        }
        stores.add_sso_session(&sso_session(1, id)).await;
        stores.add_sso_code(&sso_code(1, id, user_id(1))).await;
        // The deletion continues across two deleted applications.
        assert!(delete(&*stores.apps, application_id(2)).await && delete(&*stores.apps, id).await);
        assert_eq!(ok(stores.apps.clear_deleted(100).await), 13);
    }

    async fn four_nodes_clear_concurrently(harness: &impl Harness) {
        async fn clear(contention: Contention, apps: Arc<dyn AppStore>) -> Result<(), StoreError> {
            while contention.settle(|| apps.clear_deleted(1)).await? > 0 {}
            Ok(())
        }
        let stores = harness.stores();
        filled(stores).await;
        assert!(delete(&*stores.apps, application_id(1)).await);
        at_once(harness, 4, |_| clear(harness.contention(), stores.apps.clone())).await;
        assert_eq!(ok(stores.apps.clear_deleted(1).await), 0);
        stores.add_applications([&application(1, organization_id(1))]).await;
        the_other_is_whole(stores).await;
        nothing_is_held(harness).await;
    }

    async fn nothing_is_added_to_an_application_that_is_being_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let id = tenant.application.id;
        let mut deleting = ok(stores.apps.begin().await);
        some(ok(deleting.applications().lock(id).await));
        assert!(ok(deleting.applications().delete(id).await));
        let (items, keys, change) = (stores.items.clone(), stores.api_keys.clone(), item_change(1, id));
        let key = api_key(1, &tenant.application, tenant.owner.id);
        let contention = harness.contention();
        let item = tokio::spawn(async move { contention.settle(|| items.upsert_item(&change, None)).await });
        let read = async || ok(stores.apps.find_application(id).await);
        let key = second_comes_while_first_holds(harness, move || insert(keys.clone(), key.clone()), read).await;
        let Some(key) = key.after(harness, deleting.commit()).await else { return };
        conflict(ok(in_time(item).await), StoreError::REFERENCE);
        conflict(key, StoreError::REFERENCE);
        assert_eq!(ok(stores.apps.clear_deleted(10).await), 1);
    }
);
