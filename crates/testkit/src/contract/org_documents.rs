//! Contract of [`OrgDocuments`](tessera_orgs::ports::OrgDocuments) and of the matching reads.

use std::sync::Arc;

use tessera_kernel::{PageRequest, StoreError, VersionedDocument};
use tessera_orgs::{model::SystemDataEntry, ports::OrgStore};
use time::Duration;

use super::world::{self, settings, tenant};
use crate::{
    Harness, Stores,
    builders::{NOW, data_document, document, merge, organization, organization_id, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{conflict, ok, some},
};

async fn save_settings(stores: &Stores, of: u32, settings: &VersionedDocument) -> Result<(), StoreError> {
    let mut tx = stores.orgs.begin().await?;
    tx.documents().save_settings(organization_id(of), settings).await?;
    tx.commit().await
}

async fn save_data(stores: &Stores, of: u32, user: u32, data: &VersionedDocument) -> Result<(), StoreError> {
    let mut tx = stores.orgs.begin().await?;
    tx.documents().save_system_data(organization_id(of), user_id(user), data).await?;
    tx.commit().await
}

async fn found(stores: &Stores, of: u32) -> Option<VersionedDocument> {
    let inside = {
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.documents().find_settings(&organization(of)).await)
    };
    let outside = ok(stores.orgs.find_settings(&organization(of)).await);
    assert_eq!(inside, outside);
    outside
}

async fn found_data(stores: &Stores, of: u32, user: u32) -> Option<VersionedDocument> {
    let inside = {
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.documents().find_system_data(organization_id(of), user_id(user)).await)
    };
    let outside = ok(stores.orgs.find_system_data(organization_id(of), user_id(user)).await);
    assert_eq!(inside, outside);
    outside
}

/// Adds data of users 1 to `count` in organization 1.
async fn data_of_many(stores: &Stores, count: u32) -> Vec<SystemDataEntry> {
    tenant(stores, 1).await;
    stores.add_users(&(2..=count).map(user).collect::<Vec<_>>()).await;
    let mut tx = ok(stores.orgs.begin().await);
    let mut entries = Vec::new();
    for number in (1..=count).rev() {
        let data = document();
        ok(tx.documents().save_system_data(organization_id(1), user_id(number), &data).await);
        let VersionedDocument { version, updated_at, .. } = data;
        entries.push(SystemDataEntry { user_id: user_id(number), version, updated_at });
    }
    ok(tx.commit().await);
    entries.reverse();
    entries
}

contract!(
    use org_documents as org_documents_contract;

    async fn data_that_were_never_written_are_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        assert_eq!(found(stores, 1).await, None);
        assert_eq!(found(stores, 9).await, None);
        assert_eq!(found_data(stores, 1, 1).await, None);
        world::is_empty(|page| stores.orgs.list_system_data(organization_id(1), page)).await;
    }

    async fn settings_are_returned_byte_for_byte(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for data in world::documents() {
            let kept = VersionedDocument { data, ..settings() };
            ok(save_settings(stores, 1, &kept).await);
            assert_eq!(found(stores, 1).await, Some(kept));
        }
    }

    async fn settings_are_replaced_whole(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        ok(save_settings(stores, 1, &settings()).await);
        let later = NOW + Duration::SECOND;
        let next = VersionedDocument { data: data_document("{}"), version: 2, created_at: later, updated_at: later };
        ok(save_settings(stores, 1, &next).await);
        assert_eq!(found(stores, 1).await, Some(VersionedDocument { created_at: settings().created_at, ..next }));
    }

    async fn settings_require_their_organization(harness: &impl Harness) {
        conflict(save_settings(harness.stores(), 1, &settings()).await, StoreError::REFERENCE);
    }

    async fn settings_belong_to_one_organization(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        ok(save_settings(stores, 1, &settings()).await);
        assert_eq!(found(stores, 2).await, None);
    }

    async fn system_data_are_returned_byte_for_byte(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for data in world::documents() {
            let kept = VersionedDocument { data, ..document() };
            ok(save_data(stores, 1, 1, &kept).await);
            assert_eq!(found_data(stores, 1, 1).await, Some(kept));
        }
    }

    async fn system_data_keep_their_creation_time(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        ok(save_data(stores, 1, 1, &document()).await);
        let later = NOW + Duration::SECOND;
        let next = VersionedDocument { version: 2, created_at: later, updated_at: later, ..document() };
        ok(save_data(stores, 1, 1, &next).await);
        let kept = VersionedDocument { created_at: document().created_at, ..next };
        assert_eq!(found_data(stores, 1, 1).await, Some(kept));
    }

    async fn system_data_require_their_organization_and_their_user(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for (organization, user) in [(9, 1), (1, 9)] {
            conflict(save_data(stores, organization, user, &document()).await, StoreError::REFERENCE);
        }
    }

    async fn system_data_remain_after_the_membership(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        ok(save_data(stores, 1, 1, &document()).await);
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.memberships().delete(organization_id(1), user_id(1)).await));
        ok(tx.commit().await);
        assert_eq!(found_data(stores, 1, 1).await, Some(document()));
    }

    async fn system_data_are_listed_in_pages_by_user(harness: &impl Harness) {
        let stores = harness.stores();
        let entries = data_of_many(stores, 7).await;
        world::pages_in_order(&entries, |page| stores.orgs.list_system_data(organization_id(1), page)).await;
    }

    async fn the_longest_page_of_system_data_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        data_of_many(stores, 201).await;
        world::longest_page(|page| stores.orgs.list_system_data(organization_id(1), page)).await;
    }

    async fn system_data_of_others_are_not_listed(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        ok(save_data(stores, 1, 1, &document()).await);
        world::is_empty(|page| stores.orgs.list_system_data(organization_id(2), page)).await;
        world::is_empty(|page| stores.orgs.list_system_data(organization_id(9), page)).await;
        assert_eq!(found_data(stores, 2, 1).await, None);
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.documents().save_settings(organization_id(1), &settings()).await);
        ok(tx.documents().save_system_data(organization_id(1), user_id(1), &document()).await);
        drop(tx);
        assert_eq!(found(stores, 1).await, None);
        assert_eq!(found_data(stores, 1, 1).await, None);
    }

    async fn merges_under_the_lock_lose_nothing(harness: &impl Harness) {
        /// Adds a member to the document, with a key of this writer.
        async fn add(store: Arc<dyn OrgStore>, writer: u32, round: u32) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            some(tx.organizations().lock(organization_id(1)).await?);
            let known = tx.documents().find_system_data(organization_id(1), user_id(1)).await?;
            let data = ok(merge(&format!(r#"{{"{writer}-{round}":{round}}}"#)).apply(known, NOW));
            tx.documents().save_system_data(organization_id(1), user_id(1), &data).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        tenant(stores, 1).await;
        for round in 0..25 {
            at_once(harness, 8, |writer| add(stores.orgs.clone(), writer, round)).await;
        }
        let data = some(found_data(stores, 1, 1).await);
        assert_eq!((data.version, data.data.as_json().matches(':').count()), (200, 200));
        assert_eq!(ok(stores.orgs.list_system_data(organization_id(1), PageRequest::default()).await).items.len(), 1);
    }

    async fn rejected_writes_hold_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for _ in 0..32 {
            conflict(in_time(save_data(stores, 1, 9, &document())).await, StoreError::REFERENCE);
            conflict(in_time(save_settings(stores, 9, &settings())).await, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }
);
