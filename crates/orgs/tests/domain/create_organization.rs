//! Creation of organizations.

use std::sync::Arc;

use tessera_kernel::{Entropy, PageRequest, Role, SystemPorts};
use tessera_orgs::{
    CreateOrganization, CreateOrganizationError, OrgPorts, Orgs,
    model::{Organization, Slug},
};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_key, actor_of, api_key, application, membership, organization, organization_id, user, user_id,
    },
    expectations::{failed, ok, parsed},
};

async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    bench
}

fn named(name: &str) -> CreateOrganization {
    CreateOrganization { name: parsed(name), slug: None }
}

fn with_slug(slug: &str) -> CreateOrganization {
    CreateOrganization { name: parsed("Acme"), slug: Some(parsed(slug)) }
}

async fn create(bench: &Workbench, command: CreateOrganization) -> Organization {
    ok(bench.orgs().create_organization(&actor_of(user_id(1)), command).await).0
}

#[tokio::test]
async fn the_founder_owns_the_organization() {
    let bench = bench().await;
    let (made, role) = ok(bench.orgs().create_organization(&actor_of(user_id(1)), named("Acme Tools")).await);
    assert_eq!((role, made.name.as_str(), made.slug.as_str()), (Role::Owner, "Acme Tools", "acme-tools"));
    assert_eq!((made.created_at, made.updated_at), (NOW, NOW));
    let members = ok(bench.stores.orgs.list_memberships(made.id, PageRequest::default()).await).items;
    let joined_at = NOW;
    assert_eq!(
        members,
        [tessera_orgs::model::Membership {
            joined_at,
            profile_visible_at: Some(joined_at),
            opened_at: Some(joined_at),
            ..membership(made.id, user_id(1), Role::Owner)
        }]
    );
    let found = ok(bench.stores.orgs.find_organization(made.id, user_id(1)).await);
    assert_eq!(found.map(|(organization, own)| (organization, own.role)), Some((made, Role::Owner)));
}

#[tokio::test]
async fn a_suggested_slug_that_is_taken_is_made_distinct() {
    let bench = bench().await;
    let first = create(&bench, named("Acme")).await.slug;
    let second = create(&bench, named("Acme")).await.slug;
    let third = create(&bench, named("ACME!")).await.slug;
    assert_eq!(first.as_str(), "acme");
    for slug in [&second, &third] {
        assert_eq!(slug.as_str().strip_prefix("acme-").map(str::len), Some(6), "{slug}");
    }
    assert_ne!(second, third);
}

#[tokio::test]
async fn a_name_that_suggests_nothing_gets_a_slug_too() {
    let bench = bench().await;
    let slug = create(&bench, named("株式会社")).await.slug;
    assert_eq!(slug.as_str().strip_prefix("org-").map(str::len), Some(6), "{slug}");
}

#[tokio::test]
async fn an_explicit_slug_is_kept() {
    let bench = bench().await;
    assert_eq!(create(&bench, with_slug("the-one")).await.slug.as_str(), "the-one");
}

#[tokio::test]
async fn an_explicit_slug_that_is_taken_is_refused() {
    let bench = bench().await;
    bench.stores.add_organizations([&organization(1)]).await;
    let error = failed(bench.orgs().create_organization(&actor_of(user_id(1)), with_slug("org-1")).await);
    assert!(matches!(error, CreateOrganizationError::SlugTaken), "{error:?}");
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}

/// Returns the same bytes at every call.
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

#[tokio::test]
async fn the_search_for_a_free_slug_comes_to_an_end() {
    let bench = bench().await;
    let taken = |number, slug| Organization { slug: parsed(slug), ..organization(number) };
    bench.stores.add_organizations([&taken(1, "acme"), &taken(2, "acme-aaaaaa")]).await;
    let system = SystemPorts { entropy: Arc::new(NoEntropy), ..bench.system() };
    let orgs = Orgs::new(OrgPorts { system, ..bench.org_ports() });
    let error = failed(orgs.create_organization(&actor_of(user_id(1)), named("Acme")).await);
    assert!(matches!(error, CreateOrganizationError::SlugTaken), "{error:?}");
}

#[tokio::test]
async fn an_organization_without_its_owner_is_not_made() {
    let bench = Workbench::new();
    let stranger = actor_of(user_id(9));
    let error = failed(bench.orgs().create_organization(&stranger, with_slug("acme")).await);
    assert!(matches!(error, CreateOrganizationError::Store(_)), "{error:?}");
    bench.stores.add_organizations([&Organization { slug: parsed("acme"), ..organization(1) }]).await;
}

#[tokio::test]
async fn an_application_founds_nothing() {
    let bench = bench().await;
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(bench.orgs().create_organization(&actor_by_key(&key), named("Acme")).await);
    assert!(matches!(error, CreateOrganizationError::NotAUser), "{error:?}");
}

#[tokio::test]
async fn the_foundation_is_announced_within_the_organization() {
    let bench = bench().await;
    let made = create(&bench, named("Acme")).await;
    create(&bench, named("Acme")).await;
    let events = bench.events(Some(made.id)).await;
    assert_eq!((events.len(), events[0].name.as_str()), (1, "organization.created"));
    assert_eq!(events[0].subject, Some(made.id.as_uuid()));
    assert_eq!(events[0].actor, Some(("user".to_owned(), user_id(1).as_uuid())));
}

#[tokio::test]
async fn a_user_may_found_several() {
    let bench = bench().await;
    let slugs: [Slug; 2] = [create(&bench, named("One")).await.slug, create(&bench, named("Two")).await.slug];
    assert_eq!(slugs.map(|slug| slug.to_string()), ["one", "two"]);
}
