//! Contract of [`AppStore`].

use std::sync::Arc;

use tessera_apikeys::model::KeyKind;
use tessera_apps::{
    model::{Application, DeclaredPermissions, RedirectUri, RedirectUris},
    ports::AppStore,
};
use tessera_kernel::{ApplicationId, PageRequest, PermissionSet, StoreError};
use time::Duration;

use super::world;
use crate::{
    Harness,
    builders::{
        NOW, api_key, application, application_id, event, item_change, organization, organization_id, permissions,
        user, user_id,
    },
    concurrency::{
        at_once, attempts_at_once, end_while_held, in_time, nothing_is_held, one_wins, second_comes_while_first_holds,
    },
    expectations::{conflict, ok, parsed, some},
};

async fn insert(store: Arc<dyn AppStore>, application: Application) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.applications().insert(&application).await?;
    tx.commit().await
}

async fn update(store: &dyn AppStore, application: &Application) -> bool {
    let mut tx = ok(store.begin().await);
    let updated = ok(tx.applications().update(application).await);
    ok(tx.commit().await);
    updated
}

async fn delete(store: Arc<dyn AppStore>, id: ApplicationId) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let deleted = tx.applications().delete(id).await?;
    tx.commit().await?;
    Ok(deleted)
}

async fn find(store: &dyn AppStore, number: u32) -> Option<Application> {
    ok(in_time(store.find_application(application_id(number))).await)
}

/// The application of organization 1 with the number.
fn app(number: u32) -> Application {
    application(number, organization_id(1))
}

/// Application 1 of organization 1 without anything optional.
fn bare() -> Application {
    let (redirect_uris, permissions) = (RedirectUris::default(), DeclaredPermissions::default());
    Application { description: None, redirect_uris, permissions, ..app(1) }
}

contract!(
    use app_store as app_store_contract;

    async fn an_application_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        assert_eq!(find(&*stores.apps, 1).await, Some(app(1)));
    }

    async fn an_application_with_nothing_optional_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let bare = bare();
        stores.add_applications([&bare]).await;
        assert_eq!(find(&*stores.apps, 1).await, Some(bare));
    }

    async fn twenty_redirect_uris_keep_their_order(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let uris =
            (0..20).rev().map(|n| parsed(&format!("https://example.com/{n}?a=b,c;d&e=%22%5B"))).collect::<Vec<_>>();
        let many = Application { redirect_uris: ok(uris.try_into()), ..app(1) };
        stores.add_applications([&many]).await;
        assert_eq!(find(&*stores.apps, 1).await, Some(many));
    }

    async fn a_hundred_permissions_are_returned(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let longest = |n| format!("{:a<32}:{:z<32}", format!("r{n}"), "do_");
        let declared = (0..100).map(|n| parsed(&longest(n))).collect::<PermissionSet>();
        let many = Application { permissions: ok(declared.try_into()), ..app(1) };
        stores.add_applications([&many]).await;
        assert_eq!(find(&*stores.apps, 1).await, Some(many));
    }

    async fn a_redirect_uri_from_before_a_rule_is_kept_but_not_used_for_sign_ins(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let (old, good) = (ok(RedirectUri::from_storage("https://example.com/?code=x")), "https://example.com/?a=b");
        let kept = Application { redirect_uris: ok(vec![old, parsed(good)].try_into()), ..app(1) };
        stores.add_applications([&kept]).await;
        assert_eq!(find(&*stores.apps, 1).await, Some(kept.clone()));
        let renamed = Application { name: parsed("New"), ..kept };
        assert!(update(&*stores.apps, &renamed).await);
        assert_eq!(ok(ok(stores.apps.begin().await).applications().lock(renamed.id).await), Some(renamed.clone()));
        let party = some(ok(stores.relying_parties.find_relying_party(renamed.id).await));
        assert_eq!(party.redirect_uris, [good]);
    }

    async fn an_unknown_application_is_not_found(harness: &impl Harness) {
        let store = &harness.stores().apps;
        assert_eq!(find(&**store, 1).await, None);
        assert_eq!(ok(ok(store.begin().await).applications().lock(application_id(1)).await), None);
    }

    async fn an_application_requires_its_organization(harness: &impl Harness) {
        conflict(insert(harness.stores().apps.clone(), app(1)).await, StoreError::REFERENCE);
    }

    async fn an_application_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_applications([&app(1)]).await;
        conflict(insert(stores.apps.clone(), application(1, organization_id(2))).await, "applications_id");
    }

    async fn applications_may_share_a_name(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let other = Application { name: app(1).name, ..app(2) };
        stores.add_applications([&app(1), &other]).await;
        assert_eq!(find(&*stores.apps, 2).await, Some(other));
    }

    async fn applications_are_listed_in_pages_by_id(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let expected: Vec<Application> = (1..=5).map(app).collect();
        stores.add_applications(expected.iter().rev()).await;
        world::pages_in_order(&expected, |page| stores.apps.list_applications(organization_id(1), page)).await;
    }

    async fn the_longest_page_of_applications_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications(&(1..=201).map(app).collect::<Vec<_>>()).await;
        world::longest_page(|page| stores.apps.list_applications(organization_id(1), page)).await;
    }

    async fn an_unknown_organization_has_no_applications(harness: &impl Harness) {
        let store = &harness.stores().apps;
        world::is_empty(|page| store.list_applications(organization_id(1), page)).await;
    }

    async fn applications_of_others_are_not_listed(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_applications([&app(1), &application(2, organization_id(2))]).await;
        let page = ok(stores.apps.list_applications(organization_id(1), PageRequest::default()).await);
        assert_eq!((page.items, page.next), (vec![app(1)], None));
    }

    async fn a_locked_application_is_complete(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        assert_eq!(ok(ok(stores.apps.begin().await).applications().lock(application_id(1)).await), Some(app(1)));
    }

    async fn an_update_writes_all_mutable_fields(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1), &app(2)]).await;
        let changed = Application {
            name: parsed("new"),
            description: Some(parsed("new too")),
            redirect_uris: ok(vec![parsed("https://example.com/new")].try_into()),
            permissions: ok(permissions(["goods:ship", "goods:return", "a0:b_"]).try_into()),
            updated_at: NOW + Duration::seconds(5),
            ..app(1)
        };
        assert!(update(&*stores.apps, &changed).await);
        assert_eq!(find(&*stores.apps, 1).await, Some(changed));
        assert_eq!(find(&*stores.apps, 2).await, Some(app(2)));
    }

    async fn an_update_clears_optional_fields(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        let bare = bare();
        assert!(update(&*stores.apps, &bare).await);
        assert_eq!(find(&*stores.apps, 1).await, Some(bare));
    }

    async fn an_update_keeps_creation_time_and_organization(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1), &organization(2)]).await;
        stores.add_applications([&app(1)]).await;
        let moved = Application { organization_id: organization_id(2), created_at: NOW + Duration::DAY, ..app(1) };
        assert!(update(&*stores.apps, &moved).await);
        assert_eq!(find(&*stores.apps, 1).await, Some(app(1)));
    }

    async fn an_unknown_application_is_not_updated(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        assert!(!update(&*stores.apps, &app(1)).await);
        assert_eq!(find(&*stores.apps, 1).await, None);
    }

    async fn a_deleted_application_is_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1), &app(2)]).await;
        assert!(ok(delete(stores.apps.clone(), application_id(1)).await));
        assert_eq!((find(&*stores.apps, 1).await, find(&*stores.apps, 2).await), (None, Some(app(2))));
    }

    async fn the_keys_and_items_of_a_deleted_application_are_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1), &app(2)]).await;
        let (gone, kept) = (api_key(1, &app(1), user_id(1)), api_key(2, &app(2), user_id(1)));
        stores.add_keys([&gone, &kept]).await;
        stores.put_item(&item_change(1, application_id(1))).await;
        let item = stores.put_item(&item_change(2, application_id(2))).await;
        assert!(ok(delete(stores.apps.clone(), application_id(1)).await));
        assert_eq!(ok(stores.api_keys.find_key_by_hash(KeyKind::Application, &gone.hash).await), None);
        assert_eq!(ok(stores.api_keys.find_key(gone.key.id).await), None);
        world::is_empty(|page| stores.api_keys.list_keys(application_id(1), page)).await;
        world::is_empty(|page| stores.items.list_items(application_id(1), page)).await;
        assert_eq!(
            ok(stores.api_keys.find_key_by_hash(KeyKind::Application, &kept.hash).await).map(|found| found.stored),
            Some(kept)
        );
        assert_eq!(ok(stores.items.list_items(application_id(2), PageRequest::default()).await).items, [item]);
    }

    async fn an_unknown_application_is_not_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        assert!(!ok(delete(stores.apps.clone(), application_id(1)).await));
    }

    async fn uncommitted_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1), &app(2)]).await;
        let mut tx = ok(stores.apps.begin().await);
        ok(tx.applications().update(&Application { description: None, ..app(1) }).await);
        ok(tx.applications().delete(application_id(2)).await);
        ok(tx.applications().insert(&app(3)).await);
        assert_eq!(find(&*stores.apps, 1).await, Some(app(1)));
        assert_eq!(find(&*stores.apps, 2).await, Some(app(2)));
        assert_eq!(find(&*stores.apps, 3).await, None);
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        let mut tx = ok(stores.apps.begin().await);
        ok(tx.applications().delete(application_id(1)).await);
        ok(tx.applications().insert(&app(2)).await);
        ok(tx.events().append(&event(1)).await);
        drop(tx);
        ok(in_time(insert(stores.apps.clone(), app(2))).await);
        assert!(in_time(update(&*stores.apps, &app(1))).await);
        world::is_empty(|page| stores.audit.list_events(None, page)).await;
        nothing_is_held(harness).await;
    }

    async fn of_eight_applications_with_one_id_one_is_added(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let attempts = attempts_at_once(harness, 8, |_| insert(stores.apps.clone(), app(1))).await;
        one_wins(attempts, "applications_id");
        nothing_is_held(harness).await;
    }

    async fn locked_changes_lose_nothing(harness: &impl Harness) {
        async fn count_up(store: Arc<dyn AppStore>) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            let current = some(tx.applications().lock(application_id(1)).await?);
            let next = ok(current.name.as_str().parse::<u32>()) + 1;
            tx.applications().update(&Application { name: parsed(&next.to_string()), ..current }).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&Application { name: parsed("0"), ..app(1) }]).await;
        for _ in 0..25 {
            at_once(harness, 8, |_| count_up(stores.apps.clone())).await;
        }
        assert_eq!(some(find(&*stores.apps, 1).await).name.as_str(), "200");
    }

    async fn a_second_lock_waits_for_the_first(harness: &impl Harness) {
        async fn read_locked(store: Arc<dyn AppStore>) -> Result<Application, StoreError> {
            let mut tx = store.begin().await?;
            let read = some(tx.applications().lock(application_id(1)).await?);
            tx.commit().await?;
            Ok(read)
        }
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        let mut first = ok(stores.apps.begin().await);
        let locked = some(ok(first.applications().lock(application_id(1)).await));
        let read = async || find(&*stores.apps, 1).await;
        let store = stores.apps.clone();
        let second = second_comes_while_first_holds(harness, move || read_locked(store.clone()), read).await;
        let changed = Application { description: None, ..locked };
        let first = async {
            first.applications().update(&changed).await?;
            first.commit().await
        };
        second.gets(changed.clone(), harness, first).await;
    }

    async fn of_eight_that_delete_an_application_one_does(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        let deleted = at_once(harness, 8, |_| delete(stores.apps.clone(), application_id(1))).await;
        assert_eq!(deleted.into_iter().filter(|deleted| *deleted).count(), 1);
    }

    async fn an_aborted_task_returns_its_connection(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&app(1)]).await;
        let store = stores.apps.clone();
        end_while_held(async move {
            let mut tx = ok(store.begin().await);
            ok(tx.applications().delete(application_id(1)).await);
            tx
        })
        .await;
        assert!(in_time(update(&*stores.apps, &app(1))).await);
        assert_eq!(find(&*stores.apps, 1).await, Some(app(1)));
        nothing_is_held(harness).await;
    }

    async fn rejected_inserts_hold_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        for _ in 0..64 {
            conflict(in_time(insert(stores.apps.clone(), app(1))).await, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }
);
