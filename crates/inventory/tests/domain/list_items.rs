//! The list of items.

use tessera_kernel::{AccessError, Actor, Limit, PageRequest, Permission};
use tessera_testkit::{
    Workbench,
    builders::{
        PERMISSIONS, actor_by_key, actor_of, api_key, application, application_id, item_change, item_id, item_made_by,
        organization_id, user_id,
    },
    expectations::{failed, ok, parsed},
};

/// Users 1, 2 and 3 are owner, administrator and member of organization 1, whose application 1 has items 1 and 2. User
/// 9 is not a member.
async fn bench() -> Workbench {
    let bench = Workbench::with_organization().await;
    bench.stores.add_applications([&application(2, organization_id(1))]).await;
    for number in [2, 1] {
        bench.stores.put_item(&item_change(number, application_id(1))).await;
    }
    bench
}

fn by_key(permissions: &[Permission]) -> Actor {
    let mut key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    key.permissions = permissions.iter().cloned().collect();
    actor_by_key(&key)
}

#[tokio::test]
async fn every_member_looks_at_the_items() {
    let bench = bench().await;
    for number in 1..=3 {
        let actor = actor_of(user_id(number));
        let page = ok(bench.inventory().list_items(&actor, application_id(1), PageRequest::default()).await);
        assert_eq!(page.items, [1, 2].map(|number| item_made_by(&item_change(number, application_id(1)))));
        assert_eq!(page.next, None);
    }
}

#[tokio::test]
async fn items_are_listed_page_by_page() {
    let bench = bench().await;
    let (actor, request) = (actor_of(user_id(1)), PageRequest { limit: ok(Limit::try_from(1)), after: None });
    let first = ok(bench.inventory().list_items(&actor, application_id(1), request).await);
    assert_eq!(first.next, Some(item_id(1).as_uuid()));
    let request = PageRequest { after: first.next, ..request };
    let second = ok(bench.inventory().list_items(&actor, application_id(1), request).await);
    assert_eq!((second.items[0].id, second.next), (item_id(2), None));
}

#[tokio::test]
async fn an_application_looks_at_its_own_items() {
    let reading = by_key(&[parsed("inventory:read")]);
    let bench = bench().await;
    let page = ok(bench.inventory().list_items(&reading, application_id(1), PageRequest::default()).await);
    assert_eq!(page.items.len(), 2);
}

#[tokio::test]
async fn a_key_reads_with_that_permission_only() {
    let bench = bench().await;
    let others: Vec<_> = PERMISSIONS.into_iter().filter(|one| one.as_str() != "inventory:read").collect();
    for permissions in [&[][..], &others] {
        let actor = by_key(permissions);
        let error = failed(bench.inventory().list_items(&actor, application_id(1), PageRequest::default()).await);
        assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_does_not_reach_other_applications() {
    let bench = bench().await;
    for number in [2, 77] {
        let actor = by_key(&PERMISSIONS);
        let error = failed(bench.inventory().list_items(&actor, application_id(number), PageRequest::default()).await);
        assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_foreign_and_an_unknown_id_return_the_same_error() {
    let bench = bench().await;
    for (by, number) in [(9, 1), (9, 77), (1, 77)] {
        let actor = actor_of(user_id(by));
        let error = failed(bench.inventory().list_items(&actor, application_id(number), PageRequest::default()).await);
        assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
    }
}
