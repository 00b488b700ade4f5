//! Reads of applications.

use tessera_kernel::{AccessError, Limit, PageRequest, Scope};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, application, application_id, key_actor, organization, organization_id, user_id},
    expectations::{failed, ok},
};

#[tokio::test]
async fn every_member_sees_an_application() {
    let bench = Workbench::with_organization().await;
    for number in 1..=3 {
        let seen = ok(bench.apps().view_application(&actor_of(user_id(number)), application_id(1)).await);
        assert_eq!(seen, application(1, organization_id(1)));
    }
}

#[tokio::test]
async fn every_member_lists_the_applications_of_their_organization() {
    let bench = Workbench::with_organization().await;
    bench.stores.add_organizations([&organization(2)]).await;
    bench.stores.add_applications([&application(3, organization_id(1)), &application(2, organization_id(2))]).await;
    for number in 1..=3 {
        let actor = actor_of(user_id(number));
        let page = ok(bench.apps().list_applications(&actor, organization_id(1), PageRequest::default()).await);
        assert_eq!(page.items, [1, 3].map(|number| application(number, organization_id(1))));
    }
}

#[tokio::test]
async fn applications_are_listed_page_by_page() {
    let bench = Workbench::with_organization().await;
    bench.stores.add_applications([&application(2, organization_id(1))]).await;
    let request = PageRequest { limit: ok(Limit::try_from(1)), after: None };
    let first = ok(bench.apps().list_applications(&actor_of(user_id(1)), organization_id(1), request).await);
    assert_eq!((first.items.len(), first.next), (1, Some(application_id(1).as_uuid())));
    let request = PageRequest { after: first.next, ..request };
    let second = ok(bench.apps().list_applications(&actor_of(user_id(1)), organization_id(1), request).await);
    assert_eq!((second.items[0].id, second.next), (application_id(2), None));
}

#[tokio::test]
async fn strangers_list_nothing() {
    let bench = Workbench::with_organization().await;
    let key_holder = key_actor();
    for actor in [actor_of(user_id(9)), key_holder] {
        let error = failed(bench.apps().list_applications(&actor, organization_id(1), PageRequest::default()).await);
        assert!(matches!(error, AccessError::NotFound(Scope::Organization(_))), "{error:?}");
    }
}
