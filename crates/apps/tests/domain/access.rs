//! Callers who cannot see an application or its organization.

use tessera_apps::{
    CreateApplication, UpdateApplication,
    model::{DeclaredPermissions, RedirectUris},
};
use tessera_kernel::{AccessError, Actor, CreateError, Scope};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, application_id, key_actor, organization_id, user_id},
    expectations::{failed, parsed},
};

/// Asserts that no operation finds the application and the organization with the number.
async fn finds_nothing(bench: &Workbench, actor: &Actor, number: u32) {
    let (apps, application) = (bench.apps(), application_id(number));
    let update =
        UpdateApplication { application, name: None, description: None, redirect_uris: None, permissions: None };
    let create = CreateApplication {
        organization: organization_id(number),
        name: parsed("Lager"),
        description: None,
        redirect_uris: RedirectUris::default(),
        permissions: DeclaredPermissions::default(),
    };
    for (operation, error) in [
        ("view", failed(apps.view_application(actor, application).await)),
        ("update", failed(apps.update_application(actor, update).await)),
        ("delete", failed(apps.delete_application(actor, application).await)),
    ] {
        let not_found = matches!(error, AccessError::NotFound(Scope::Application(_)));
        assert!(not_found, "{operation} of {number} by {actor:?}: {error:?}");
    }
    let error = failed(apps.create_application(actor, create).await);
    assert!(
        matches!(error, CreateError::Access(AccessError::NotFound(_))),
        "create in {number} by {actor:?}: {error:?}"
    );
}

#[tokio::test]
async fn a_foreign_and_an_unknown_id_return_the_same_error() {
    let bench = Workbench::with_organization().await;
    for (by, number) in [(9, 1), (9, 2), (1, 2)] {
        finds_nothing(&bench, &actor_of(user_id(by)), number).await;
    }
}

#[tokio::test]
async fn an_api_key_cannot_manage_its_application() {
    finds_nothing(&Workbench::with_organization().await, &key_actor(), 1).await;
}
