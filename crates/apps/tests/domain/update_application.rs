//! Changes of applications.

use tessera_apps::{
    UpdateApplication,
    model::{Application, DeclaredPermissions, RedirectUris},
};
use tessera_kernel::{AccessError, PermissionSet};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, application, application_id, organization_id, permissions, user_id},
    expectations::{failed, ok, parsed},
};
use time::{Duration, OffsetDateTime};

const LATER: OffsetDateTime = NOW.saturating_add(Duration::HOUR);

/// The time is one hour after the creation of application 1. Users 1, 2 and 3 are owner, administrator and member. User
/// 9 is not a member.
async fn bench() -> Workbench {
    let bench = Workbench::with_organization().await;
    bench.clock.set(LATER);
    bench
}

fn nothing(application: u32) -> UpdateApplication {
    let application = application_id(application);
    UpdateApplication { application, name: None, description: None, redirect_uris: None, permissions: None }
}

async fn update(bench: &Workbench, command: UpdateApplication) -> Application {
    let updated = ok(bench.apps().update_application(&actor_of(user_id(2)), command).await);
    assert_eq!(ok(bench.stores.apps.find_application(application_id(1)).await).as_ref(), Some(&updated));
    updated
}

fn before() -> Application {
    Application { updated_at: LATER, ..application(1, organization_id(1)) }
}

#[tokio::test]
async fn what_is_absent_stays() {
    assert_eq!(update(&bench().await, nothing(1)).await, before());
}

#[tokio::test]
async fn a_name_alone_is_changed() {
    let updated = update(&bench().await, UpdateApplication { name: Some(parsed("New")), ..nothing(1) }).await;
    assert_eq!(updated, Application { name: parsed("New"), ..before() });
}

#[tokio::test]
async fn a_description_alone_is_changed() {
    let description = Some(Some(parsed("New")));
    let updated = update(&bench().await, UpdateApplication { description, ..nothing(1) }).await;
    assert_eq!(updated, Application { description: Some(parsed("New")), ..before() });
}

#[tokio::test]
async fn a_description_is_taken_away() {
    let updated = update(&bench().await, UpdateApplication { description: Some(None), ..nothing(1) }).await;
    assert_eq!(updated, Application { description: None, ..before() });
}

#[tokio::test]
async fn redirect_uris_replace_all_the_old_ones() {
    let uris: RedirectUris = ok(vec![parsed("https://example.com/new")].try_into());
    let updated = update(&bench().await, UpdateApplication { redirect_uris: Some(uris.clone()), ..nothing(1) }).await;
    assert_eq!(updated, Application { redirect_uris: uris, ..before() });
}

#[tokio::test]
async fn permissions_replace_all_the_old_ones() {
    for names in [permissions(["goods:sell", "goods:ship"]), PermissionSet::default()] {
        let declared: DeclaredPermissions = ok(names.try_into());
        let updated =
            update(&bench().await, UpdateApplication { permissions: Some(declared.clone()), ..nothing(1) }).await;
        assert_eq!(updated, Application { permissions: declared, ..before() });
    }
}

#[tokio::test]
async fn owners_and_administrators_change_applications() {
    for by in [1, 2] {
        let bench = bench().await;
        ok(bench.apps().update_application(&actor_of(user_id(by)), nothing(1)).await);
    }
}

#[tokio::test]
async fn a_member_changes_nothing() {
    let bench = bench().await;
    let command = UpdateApplication { name: Some(parsed("New")), ..nothing(1) };
    let error = failed(bench.apps().update_application(&actor_of(user_id(3)), command).await);
    assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
    let unchanged = application(1, organization_id(1));
    assert_eq!(ok(bench.stores.apps.find_application(application_id(1)).await), Some(unchanged));
}

#[tokio::test]
async fn a_change_is_announced() {
    let bench = bench().await;
    update(&bench, nothing(1)).await;
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("application.updated", Some(application_id(1).as_uuid())));
}
