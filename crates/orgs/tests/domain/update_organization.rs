//! Changes of organizations, and the list of the caller's organizations.

use tessera_kernel::{AccessError, PageRequest, Role};
use tessera_orgs::{UpdateOrganization, UpdateOrganizationError, model::Organization};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_by_key, actor_of, api_key, application, organization, organization_id, user, user_id},
    expectations::{failed, ok, parsed},
};
use time::Duration;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1. User 9 is not a member.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member]).await;
    bench.stores.add_users([&user(9)]).await;
    bench
}

fn command(name: Option<&str>, slug: Option<&str>) -> UpdateOrganization {
    let (organization, name, slug) = (organization_id(1), name.map(parsed), slug.map(parsed));
    UpdateOrganization { organization, name, slug, mfa_required: None }
}

#[tokio::test]
async fn administrators_change_the_name_and_owners_the_slug_too() {
    for (by, role, slug) in [(2, Role::Admin, None), (1, Role::Owner, Some("new")), (1, Role::Owner, None)] {
        let bench = bench().await;
        bench.clock.set(NOW + Duration::HOUR);
        let actor = actor_of(user_id(by));
        let updated = ok(bench.orgs().update_organization(&actor, command(Some("New"), slug)).await);
        let slug = slug.map_or(organization(1).slug, parsed);
        let expected = Organization { name: parsed("New"), slug, updated_at: NOW + Duration::HOUR, ..organization(1) };
        assert_eq!(updated, (expected.clone(), Some(role)));
        assert_eq!(ok(bench.orgs().view_organization(&actor, organization_id(1)).await), (expected, Some(role)));
        assert_eq!(bench.actions(Some(organization_id(1))).await, ["organization.updated"]);
    }
}

#[tokio::test]
async fn a_role_that_is_too_low_changes_nothing() {
    let bench = bench().await;
    for (by, change) in [(2, command(None, Some("new"))), (3, command(Some("New"), None)), (3, command(None, None))] {
        let error = failed(bench.orgs().update_organization(&actor_of(user_id(by)), change).await);
        let forbidden = UpdateOrganizationError::Access(AccessError::Forbidden { organization: organization_id(1) });
        assert_eq!(format!("{error:?}"), format!("{forbidden:?}"));
    }
    let key = actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key);
    for actor in [actor_of(user_id(9)), key] {
        let error = failed(bench.orgs().update_organization(&actor, command(Some("New"), None)).await);
        assert!(matches!(error, UpdateOrganizationError::Access(AccessError::NotFound(_))), "{error:?}");
    }
    let (found, _) = ok(bench.orgs().view_organization(&actor_of(user_id(1)), organization_id(1)).await);
    assert_eq!(found, organization(1));
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}

#[tokio::test]
async fn a_taken_slug_is_rejected() {
    let bench = bench().await;
    bench.stores.add_organizations([&organization(2)]).await;
    let taken = UpdateOrganization { slug: Some(organization(2).slug), ..command(Some("New"), None) };
    let error = failed(bench.orgs().update_organization(&actor_of(user_id(1)), taken).await);
    assert!(matches!(error, UpdateOrganizationError::SlugTaken), "{error:?}");
    let own = UpdateOrganization { slug: Some(organization(1).slug), ..command(None, None) };
    ok(bench.orgs().update_organization(&actor_of(user_id(1)), own).await);
}

#[tokio::test]
async fn organizations_are_listed_with_the_role_of_the_caller() {
    let bench = bench().await;
    for (by, role) in (1..).zip([Role::Owner, Role::Admin, Role::Member]) {
        let page = ok(bench.orgs().list_organizations(&actor_of(user_id(by)), PageRequest::default()).await);
        assert_eq!(page.items, [(organization(1), Some(role))]);
    }
    let key = actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key);
    for actor in [actor_of(user_id(9)), key] {
        assert!(ok(bench.orgs().list_organizations(&actor, PageRequest::default()).await).items.is_empty());
    }
}
