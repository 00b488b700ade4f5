//! Contract of [`ItemStore`].

use std::sync::Arc;

use tessera_inventory::{
    model::{Item, ItemChange, Metadata, Quantity},
    ports::ItemStore,
};
use tessera_kernel::{PageRequest, StoreError};
use time::Duration;

use super::world::{self, tenant};
use crate::{
    Harness, Skip,
    builders::{NOW, application_id, bare_item_change, item_change, item_id, item_made_by},
    concurrency::{at_once, dropped_after, in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{conflict, ok, parsed, some},
};

async fn listed(store: &dyn ItemStore, application: u32) -> Vec<Item> {
    ok(store.list_items(application_id(application), PageRequest::default()).await).items
}

/// A change of `sku-1` one second after its creation. The id of the change must be ignored.
fn later_change() -> ItemChange {
    ItemChange { id: item_id(99), at: NOW + Duration::SECOND, ..bare_item_change(1, application_id(1)) }
}

contract!(
    use item_store as item_store_contract;

    async fn an_item_is_made_with_its_values_or_with_defaults(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let (full, bare) = (item_change(1, application_id(1)), bare_item_change(2, application_id(1)));
        let made = [stores.put_item(&full).await, stores.put_item(&bare).await];
        assert_eq!(made, [item_made_by(&full), item_made_by(&bare)]);
        assert_eq!((made[1].quantity.get(), made[1].metadata.as_json()), (0, "{}"));
        assert_eq!(listed(&*stores.items, 1).await, made);
    }

    async fn explicit_nulls_create_an_item_without_optional_fields(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let change = ItemChange { name: Some(None), description: Some(None), ..item_change(1, application_id(1)) };
        let made = stores.put_item(&change).await;
        assert_eq!((made.name, made.description), (None, None));
    }

    async fn the_greatest_quantity_is_kept(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let greatest = ok(Quantity::try_from(Quantity::MAX));
        stores.put_item(&ItemChange { quantity: Some(greatest), ..item_change(1, application_id(1)) }).await;
        assert_eq!(listed(&*stores.items, 1).await[0].quantity, greatest);
    }

    async fn metadata_are_returned_byte_for_byte(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let long = format!(r#"{{"k":"{}"}}"#, "x".repeat(Metadata::MAX_BYTES - 8));
        let texts = [
            r#"{"z":1,"a":2,"z":3}"#,
            r#"{"n":1.0,"e":1e2,"big":123456789012345678901234567890}"#,
            "{\"s\":\"\\u0041ü🦀'\\\\\"}",
            &long,
        ];
        for text in texts {
            let metadata = ok(Metadata::try_from(text.to_owned()));
            let change = ItemChange { metadata: Some(metadata), ..item_change(1, application_id(1)) };
            assert_eq!(stores.put_item(&change).await.metadata.as_json(), text);
            assert_eq!(listed(&*stores.items, 1).await[0].metadata.as_json(), text);
        }
    }

    async fn an_item_requires_its_application(harness: &impl Harness) {
        let refused = harness.stores().items.upsert_item(&item_change(1, application_id(1)), None).await;
        conflict(refused, StoreError::REFERENCE);
    }

    async fn a_change_replaces_given_fields_and_keeps_id_and_creation_time(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let made = stores.put_item(&item_change(1, application_id(1))).await;
        let change = ItemChange {
            name: Some(Some(parsed("new"))),
            description: Some(Some(parsed("new too"))),
            quantity: Some(ok(7.try_into())),
            metadata: Some(ok(String::from(r#"{"new":true}"#).try_into())),
            ..later_change()
        };
        let changed = stores.put_item(&change).await;
        assert_eq!(changed, Item { id: made.id, created_at: made.created_at, version: 2, ..item_made_by(&change) });
        assert_eq!(listed(&*stores.items, 1).await, [changed]);
    }

    async fn a_change_keeps_what_is_absent(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let made = stores.put_item(&item_change(1, application_id(1))).await;
        let changed = stores.put_item(&later_change()).await;
        assert_eq!(changed, Item { version: 2, updated_at: NOW + Duration::SECOND, ..made });
        assert_eq!(listed(&*stores.items, 1).await, [changed]);
    }

    async fn a_change_clears_removed_fields(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let made = stores.put_item(&item_change(1, application_id(1))).await;
        let first = stores.put_item(&ItemChange { name: Some(None), ..later_change() }).await;
        assert_eq!((&first.name, &first.description), (&None, &made.description));
        let second = stores.put_item(&ItemChange { description: Some(None), ..later_change() }).await;
        assert_eq!((second.name, second.description), (None, None));
    }

    async fn zero_and_the_empty_object_are_stored(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.put_item(&item_change(1, application_id(1))).await;
        let nothing = (Some(Quantity::default()), Some(Metadata::default()));
        let changed = stores.put_item(&ItemChange { quantity: nothing.0, metadata: nothing.1, ..later_change() }).await;
        assert_eq!((changed.quantity.get(), changed.metadata.as_json()), (0, "{}"));
    }

    async fn each_change_counts_the_version_up(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for version in 1..=5 {
            let item = stores.put_item(&item_change(1, application_id(1))).await;
            assert_eq!((item.version, item.is_new()), (version, version == 1));
        }
    }

    async fn skus_differ_by_case_and_accents(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for (number, sku) in (1..).zip(["abc", "ABC", "äbc", "Äbc", "abc d"]) {
            let made =
                stores.put_item(&ItemChange { sku: parsed(sku), ..item_change(number, application_id(1)) }).await;
            assert_eq!((made.sku.as_str(), made.version), (sku, 1));
        }
        assert_eq!(listed(&*stores.items, 1).await.len(), 5);
    }

    async fn a_sku_is_unique_within_its_application_only(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        let one = stores.put_item(&item_change(1, application_id(1))).await;
        let same_sku = ItemChange { sku: one.sku.clone(), ..item_change(2, application_id(2)) };
        let other = stores.put_item(&same_sku).await;
        assert_eq!((one.version, other.version), (1, 1));
        assert_eq!(listed(&*stores.items, 1).await, [one]);
    }

    async fn items_are_listed_in_pages_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let mut expected = Vec::new();
        for number in (1..=5).rev() {
            expected.insert(0, stores.put_item(&item_change(number, application_id(1))).await);
        }
        world::pages_in_order(&expected, |page| stores.items.list_items(application_id(1), page)).await;
    }

    async fn the_longest_page_of_items_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for number in 1..=201 {
            stores.put_item(&bare_item_change(number, application_id(1))).await;
        }
        world::longest_page(|page| stores.items.list_items(application_id(1), page)).await;
    }

    async fn an_unknown_application_has_no_items(harness: &impl Harness) {
        let store = &harness.stores().items;
        world::is_empty(|page| store.list_items(application_id(1), page)).await;
    }

    async fn items_of_other_applications_are_not_listed(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        tenant(stores, 2).await;
        let one = stores.put_item(&item_change(1, application_id(1))).await;
        stores.put_item(&item_change(2, application_id(2))).await;
        assert_eq!(listed(&*stores.items, 1).await, [one]);
    }

    async fn fifty_concurrent_changes_of_one_new_item_create_one_and_lose_none(harness: &impl Harness) {
        async fn change(store: Arc<dyn ItemStore>, number: u32) -> Result<Item, StoreError> {
            let change = ItemChange { id: item_id(number), ..item_change(1, application_id(1)) };
            Ok(some(store.upsert_item(&change, None).await?))
        }
        let stores = harness.stores();
        tenant(stores, 1).await;
        let results = at_once(harness, 50, |number| change(stores.items.clone(), number)).await;
        let mut versions: Vec<i64> = results.iter().map(|item| item.version).collect();
        versions.sort_unstable();
        assert_eq!(versions, (1..=50).collect::<Vec<i64>>());
        assert!(results.iter().all(|item| item.id == results[0].id), "one item, one id");
        let kept = listed(&*stores.items, 1).await;
        assert_eq!((kept.len(), kept[0].version, kept[0].id), (1, 50, results[0].id));
        nothing_is_held(harness).await;
    }

    async fn concurrent_changes_of_different_fields_are_all_kept(harness: &impl Harness) {
        async fn change(store: Arc<dyn ItemStore>, number: u32) -> Result<(), StoreError> {
            let bare = bare_item_change(1, application_id(1));
            let change = match number {
                0 => ItemChange { name: Some(Some(parsed("name"))), ..bare },
                1 => ItemChange { description: Some(Some(parsed("description"))), ..bare },
                2 => ItemChange { quantity: Some(ok(42.try_into())), ..bare },
                _ => ItemChange { metadata: Some(ok(String::from(r#"{"a":1}"#).try_into())), ..bare },
            };
            store.upsert_item(&change, None).await.map(|_| ())
        }
        let stores = harness.stores();
        tenant(stores, 1).await;
        at_once(harness, 4, |number| change(stores.items.clone(), number)).await;
        let item = listed(&*stores.items, 1).await.remove(0);
        assert_eq!(item.name, Some(parsed("name")));
        assert_eq!(item.description, Some(parsed("description")));
        assert_eq!((item.quantity.get(), item.metadata.as_json(), item.version), (42, r#"{"a":1}"#, 4));
    }

    async fn rejected_changes_hold_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        for number in 0..64 {
            let change = item_change(number, application_id(1));
            conflict(in_time(stores.items.upsert_item(&change, None)).await, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }

    async fn changes_dropped_at_any_await_are_complete_or_absent(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        for waits in 0..24 {
            let number = ok(u32::try_from(waits)) + 1;
            let change = item_change(number, application_id(1));
            let done = dropped_after(waits, stores.items.upsert_item(&change, None)).await.is_some();
            // The same change again after the dropped one: it either creates the item or changes it for the first time.
            let item = some(ok(in_time(stores.items.upsert_item(&change, None)).await));
            assert!(item.version == 2 || (item.version == 1 && !done), "after {waits} waits: version {}", item.version);
        }
        nothing_is_held(harness).await;
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let mut first = ok(stores.apps.begin().await);
        assert!(ok(first.applications().delete(application_id(1)).await));
        let (store, change) = (stores.items.clone(), item_change(1, application_id(1)));
        let waiting = async move { store.upsert_item(&change, None).await };
        let read = async || ok(stores.apps.find_application(application_id(1)).await);
        second_leaves_while_first_holds(waiting, read).await;
        drop(first);
        nothing_is_held(harness).await;
        ok(in_time(stores.items.upsert_item(&item_change(2, application_id(1)), None)).await);
        nothing_is_held(harness).await;
    }

    async fn a_change_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.put_item(&item_change(1, application_id(1))).await;
        let changed = stores.put_item(&later_change()).await;
        harness.reopen().await?;
        assert_eq!(listed(&*harness.stores().items, 1).await, [changed]);
        Ok(())
    }
);
