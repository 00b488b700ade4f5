//! Creation of applications.

use tessera_apps::{
    Apps, CreateApplication,
    model::{Application, DeclaredPermissions, RedirectUris},
};
use tessera_kernel::{AccessError, CreateError, QuotaExceeded};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, organization_id, permissions, user_id},
    expectations::{failed, ok, parsed},
};

fn command(organization: u32) -> CreateApplication {
    CreateApplication {
        organization: organization_id(organization),
        name: parsed("Lager"),
        description: Some(parsed("what we have")),
        redirect_uris: ok(vec![parsed("https://example.com/callback")].try_into()),
        permissions: ok(permissions(["goods:ship"]).try_into()),
    }
}

async fn create(bench: &Workbench, by: u32) -> Result<Application, CreateError> {
    bench.apps().create_application(&actor_of(user_id(by)), command(1)).await
}

#[tokio::test]
async fn owners_and_administrators_make_applications() {
    for by in [1, 2] {
        let bench = Workbench::with_organization().await;
        let made = ok(create(&bench, by).await);
        assert_eq!(ok(bench.stores.apps.find_application(made.id).await), Some(made));
    }
}

#[tokio::test]
async fn an_application_is_made_as_it_was_asked_for() {
    let made = ok(create(&Workbench::with_organization().await, 1).await);
    let CreateApplication { organization, name, description, redirect_uris, permissions } = command(1);
    let times = (NOW, NOW);
    assert_eq!((made.organization_id, made.name, made.description), (organization, name, description));
    assert_eq!((made.redirect_uris, (made.created_at, made.updated_at)), (redirect_uris, times));
    assert_eq!(made.permissions, permissions);
}

#[tokio::test]
async fn an_application_needs_a_name_and_nothing_more() {
    let bench = Workbench::with_organization().await;
    let (redirect_uris, permissions) = (RedirectUris::default(), DeclaredPermissions::default());
    let bare = CreateApplication { description: None, redirect_uris, permissions, ..command(1) };
    let made = ok(bench.apps().create_application(&actor_of(user_id(1)), bare).await);
    assert_eq!((made.description, made.redirect_uris.iter().count()), (None, 0));
}

#[tokio::test]
async fn a_member_cannot_create_an_application() {
    let bench = Workbench::with_organization().await;
    let error = failed(create(&bench, 3).await);
    assert!(matches!(error, CreateError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}

#[tokio::test]
async fn the_making_is_announced() {
    let bench = Workbench::with_organization().await;
    let made = ok(create(&bench, 2).await);
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("application.created", Some(made.id.as_uuid())));
    assert_eq!(event.actor, Some(("user".to_owned(), user_id(2).as_uuid())));
}

#[tokio::test]
async fn the_applications_of_an_organization_are_limited_s215() {
    let bench = Workbench::with_organization().await;
    // One application exists already.
    let apps = bench.apps().with_quota(Apps::QUOTA.with_maximum(2));
    let actor = actor_of(user_id(1));
    let made = ok(apps.create_application(&actor, command(1)).await);
    let error = failed(apps.create_application(&actor, command(1)).await);
    let wanted = QuotaExceeded { quota: "applications", maximum: 2 };
    assert!(matches!(error, CreateError::Quota(exceeded) if exceeded == wanted), "{error:?}");
    // A deleted application frees its place at once, before its rows are removed.
    ok(apps.delete_application(&actor, made.id).await);
    ok(apps.create_application(&actor, command(1)).await);
}
