//! Deletion of applications.

use tessera_kernel::AccessError;
use tessera_testkit::{
    Workbench,
    builders::{actor_of, api_key, api_key_id, application, application_id, organization_id, user_id},
    expectations::{failed, ok},
};

async fn delete(bench: &Workbench, by: u32, id: u32) -> Result<(), AccessError> {
    bench.apps().delete_application(&actor_of(user_id(by)), application_id(id)).await
}

#[tokio::test]
async fn owners_and_administrators_delete_applications() {
    for by in [1, 2] {
        let bench = Workbench::with_organization().await;
        ok(delete(&bench, by, 1).await);
        assert_eq!(ok(bench.stores.apps.find_application(application_id(1)).await), None);
        let again = failed(delete(&bench, by, 1).await);
        assert!(matches!(again, AccessError::NotFound(_)), "{again:?}");
    }
}

#[tokio::test]
async fn its_keys_go_along() {
    let bench = Workbench::with_organization().await;
    bench.stores.add_keys([&api_key(1, &application(1, organization_id(1)), user_id(1))]).await;
    ok(delete(&bench, 1, 1).await);
    assert_eq!(ok(bench.stores.api_keys.find_key(api_key_id(1)).await), None);
}

#[tokio::test]
async fn a_member_deletes_nothing() {
    let bench = Workbench::with_organization().await;
    let error = failed(delete(&bench, 3, 1).await);
    assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
    assert!(ok(bench.stores.apps.find_application(application_id(1)).await).is_some());
}

#[tokio::test]
async fn a_deletion_is_announced_and_stays_on_record() {
    let bench = Workbench::with_organization().await;
    ok(delete(&bench, 2, 1).await);
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("application.deleted", Some(application_id(1).as_uuid())));
}

#[tokio::test]
async fn a_refused_deletion_is_not_announced() {
    let bench = Workbench::with_organization().await;
    failed(delete(&bench, 3, 1).await);
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}

#[tokio::test]
async fn what_it_contained_is_cleared_later_in_steps() {
    let bench = Workbench::with_organization().await;
    let of = application(1, organization_id(1));
    bench.stores.add_keys(&(1..=2_500).map(|number| api_key(number, &of, user_id(1))).collect::<Vec<_>>()).await;
    ok(delete(&bench, 1, 1).await);
    assert_eq!(ok(bench.apps().clear_deleted_applications().await), 2_501);
    assert_eq!(ok(bench.apps().clear_deleted_applications().await), 0);
}
