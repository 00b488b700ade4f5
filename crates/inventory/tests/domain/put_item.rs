//! Creation and change of items.

use std::sync::Arc;

use tessera_inventory::{
    Inventory, InventoryPorts, PutItem,
    model::{Item, Metadata},
    ports::MockItemStore,
};
use tessera_kernel::{AccessError, Actor, CreateError, Permission, QuotaExceeded, StoreError};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, PERMISSIONS, actor_by_key, actor_of, api_key, application, application_id, organization, organization_id,
        user_id,
    },
    expectations::{failed, ok, parsed},
};
use time::Duration;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1 with applications 1 and 2. User 9 is not a
/// member.
async fn bench() -> Workbench {
    let bench = Workbench::with_organization().await;
    bench.stores.add_organizations([&organization(2)]).await;
    bench.stores.add_applications([&application(2, organization_id(1)), &application(3, organization_id(2))]).await;
    bench
}

fn bare(application: u32) -> PutItem {
    PutItem {
        application: application_id(application),
        sku: parsed("sku-1"),
        name: None,
        description: None,
        quantity: None,
        metadata: None,
    }
}

fn full() -> PutItem {
    PutItem {
        name: Some(Some(parsed("Screw"))),
        description: Some(Some(parsed("M4"))),
        quantity: Some(ok(7.try_into())),
        metadata: Some(metadata(r#"{"b":1,"a":2}"#)),
        ..bare(1)
    }
}

fn metadata(json: &str) -> Metadata {
    ok(json.to_owned().try_into())
}

/// An application that authenticates with a key of application 1 with these permissions.
fn by_key(permissions: &[Permission]) -> Actor {
    let mut key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    key.permissions = permissions.iter().cloned().collect();
    actor_by_key(&key)
}

async fn put(bench: &Workbench, command: PutItem) -> Item {
    ok(bench.inventory().put_item(&actor_of(user_id(1)), command).await)
}

#[tokio::test]
async fn a_new_item_is_made_as_it_was_asked_for() {
    let item = put(&bench().await, full()).await;
    assert!(item.is_new() && item.version == 1);
    assert_eq!((item.application_id, item.sku), (application_id(1), parsed("sku-1")));
    assert_eq!((item.name, item.description), (Some(parsed("Screw")), Some(parsed("M4"))));
    assert_eq!((item.quantity.get(), item.metadata.as_json()), (7, r#"{"b":1,"a":2}"#));
    assert_eq!((item.created_at, item.updated_at), (NOW, NOW));
}

#[tokio::test]
async fn a_new_item_needs_no_more_than_a_sku() {
    let item = put(&bench().await, bare(1)).await;
    assert_eq!((item.name, item.description), (None, None));
    assert_eq!((item.quantity.get(), item.metadata.as_json()), (0, "{}"));
}

#[tokio::test]
async fn absent_fields_are_unchanged() {
    let bench = bench().await;
    let made = put(&bench, full()).await;
    bench.clock.advance(Duration::HOUR);
    let changed = put(&bench, bare(1)).await;
    assert!(!changed.is_new());
    assert_eq!(changed, Item { version: 2, updated_at: NOW + Duration::HOUR, ..made });
}

#[tokio::test]
async fn null_fields_are_removed() {
    let bench = bench().await;
    put(&bench, full()).await;
    let changed = put(&bench, PutItem { name: Some(None), description: Some(None), ..bare(1) }).await;
    assert_eq!((changed.name, changed.description, changed.quantity.get()), (None, None, 7));
}

#[tokio::test]
async fn metadata_are_replaced_and_not_merged() {
    let bench = bench().await;
    put(&bench, full()).await;
    let changed = put(&bench, PutItem { metadata: Some(metadata(r#"{"c":3}"#)), ..bare(1) }).await;
    assert_eq!(changed.metadata.as_json(), r#"{"c":3}"#);
}

#[tokio::test]
async fn each_change_counts_the_version_up() {
    let bench = bench().await;
    for version in 1..=3 {
        assert_eq!(put(&bench, full()).await.version, version);
    }
}

#[tokio::test]
async fn owners_and_administrators_write() {
    let bench = bench().await;
    for by in [1, 2] {
        ok(bench.inventory().put_item(&actor_of(user_id(by)), bare(1)).await);
    }
}

#[tokio::test]
async fn a_member_does_not_write() {
    let error = failed(bench().await.inventory().put_item(&actor_of(user_id(3)), bare(1)).await);
    assert!(matches!(error, CreateError::Access(AccessError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn a_foreign_and_an_unknown_id_return_the_same_error() {
    let bench = bench().await;
    for (by, number) in [(9, 1), (9, 77), (1, 3), (1, 77)] {
        let error = failed(bench.inventory().put_item(&actor_of(user_id(by)), bare(number)).await);
        assert!(matches!(error, CreateError::Access(AccessError::NotFound(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_writes_to_its_own_application() {
    let item = ok(bench().await.inventory().put_item(&by_key(&[parsed("inventory:write")]), bare(1)).await);
    assert_eq!(item.application_id, application_id(1));
}

#[tokio::test]
async fn a_key_does_not_reach_other_applications() {
    let bench = bench().await;
    // Application 2 belongs to the same organization, application 3 to another one, and application 77 does not exist.
    for number in [2, 3, 77] {
        let error = failed(bench.inventory().put_item(&by_key(&PERMISSIONS), bare(number)).await);
        assert!(matches!(error, CreateError::Access(AccessError::NotFound(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_writes_with_that_permission_only() {
    let bench = bench().await;
    let others: Vec<_> = PERMISSIONS.into_iter().filter(|one| *one != parsed("inventory:write")).collect();
    for permissions in [&[][..], &others] {
        let error = failed(bench.inventory().put_item(&by_key(permissions), bare(1)).await);
        assert!(matches!(error, CreateError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_forbidden_write_causes_no_storage_access() {
    let bench = bench().await;
    let store = Arc::new(MockItemStore::new());
    let inventory = Inventory::new(InventoryPorts { store, ..bench.inventory_ports() });
    failed(inventory.put_item(&actor_of(user_id(3)), bare(1)).await);
    failed(inventory.put_item(&actor_of(user_id(9)), bare(1)).await);
    failed(inventory.put_item(&by_key(&[parsed("inventory:read")]), bare(1)).await);
}

#[tokio::test]
async fn an_application_deleted_during_the_request_is_not_found() {
    let bench = bench().await;
    let mut store = MockItemStore::new();
    let gone = || StoreError::Conflict { key: StoreError::REFERENCE.to_owned() };
    store.expect_upsert_item().returning(move |_, _| Err(gone()));
    let inventory = Inventory::new(InventoryPorts { store: Arc::new(store), ..bench.inventory_ports() });
    let error = failed(inventory.put_item(&actor_of(user_id(1)), bare(1)).await);
    assert!(matches!(error, CreateError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_store_failure_is_not_reported_as_a_missing_application() {
    let bench = bench().await;
    let mut store = MockItemStore::new();
    store.expect_upsert_item().returning(|_, _| Err(StoreError::Busy));
    let inventory = Inventory::new(InventoryPorts { store: Arc::new(store), ..bench.inventory_ports() });
    let error = failed(inventory.put_item(&actor_of(user_id(1)), bare(1)).await);
    assert!(matches!(error, CreateError::Access(AccessError::Store(StoreError::Busy))), "{error:?}");
}

#[tokio::test]
async fn the_items_of_an_application_are_limited_s215() {
    let bench = bench().await;
    let inventory = bench.inventory().with_quota(Inventory::QUOTA.with_maximum(2));
    let actor = actor_of(user_id(1));
    let put = |sku: &str| PutItem { sku: parsed(sku), ..bare(1) };
    for sku in ["one", "two"] {
        ok(inventory.put_item(&actor, put(sku)).await);
    }
    let error = failed(inventory.put_item(&actor, put("three")).await);
    assert!(matches!(error, CreateError::Quota(QuotaExceeded { quota: "items", maximum: 2 })), "{error:?}");
    // Existing items can still be changed, and another application has its own quota.
    assert_eq!(ok(inventory.put_item(&actor, put("two")).await).version, 2);
    ok(inventory.put_item(&actor, bare(2)).await);
}
