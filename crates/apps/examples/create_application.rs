//! An owner creates an application, adds a redirect URI, and deletes the application.
//!
//! The storage is in memory, and the other ports are fakes.

use tessera_apps::{
    CreateApplication, UpdateApplication,
    model::{DeclaredPermissions, RedirectUri, RedirectUris},
};
use tessera_kernel::Role;
use tessera_testkit::{
    Workbench,
    builders::{actor_of, organization_id, user_id},
    expectations::{ok, parsed},
};

#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let (apps, owner) = (bench.apps(), actor_of(user_id(1)));

    let production: RedirectUri = parsed("https://shop.example.com/callback");
    let command = CreateApplication {
        organization: organization_id(1),
        name: parsed("Shop"),
        description: None,
        redirect_uris: ok(RedirectUris::try_from(vec![production.clone()])),
        permissions: DeclaredPermissions::default(),
    };
    let application = ok(apps.create_application(&owner, command).await).id;

    // The new list replaces the old one.
    let redirect_uris = ok(RedirectUris::try_from(vec![production, parsed("http://127.0.0.1:3000/callback")]));
    let command = UpdateApplication {
        application,
        name: None,
        description: None,
        redirect_uris: Some(redirect_uris),
        permissions: None,
    };
    assert_eq!(ok(apps.update_application(&owner, command).await).redirect_uris.iter().count(), 2);

    ok(apps.delete_application(&owner, application).await);
    assert!(apps.view_application(&owner, application).await.is_err());
}
