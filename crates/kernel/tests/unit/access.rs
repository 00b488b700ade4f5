//! Access of users by role, and of API keys by permission.

use tessera_kernel::{AccessError, ActingMember, Actor, OrganizationId, Permission, Role, Scope};
use tessera_testkit::{
    Workbench,
    builders::{PERMISSIONS, actor_by_key, actor_of, api_key, application, application_id, organization_id, user_id},
    expectations::{failed, ok, parsed},
};

/// The organization and the application that the actors of these tests have access to.
fn scopes() -> [Scope; 2] {
    [organization_id(1).into(), application_id(1).into()]
}

/// A key of application 1 in that organization.
fn key(of: OrganizationId, permissions: &[Permission]) -> Actor {
    let mut key = api_key(1, &application(1, of), user_id(1)).key;
    key.permissions = permissions.iter().cloned().collect();
    actor_by_key(&key)
}

#[tokio::test]
async fn a_role_admits_all_higher_roles() {
    let bench = Workbench::new();
    let roles = [Role::Member, Role::Admin, Role::Owner];
    bench.members(&roles).await;
    for (number, role) in (1..).zip(roles) {
        for (scope, lowest) in scopes().into_iter().flat_map(|scope| roles.map(|lowest| (scope, lowest))) {
            let result = bench.stores.memberships.require(&actor_of(user_id(number)), scope, lowest).await;
            if role >= lowest {
                let acting = ActingMember { user: user_id(number), organization: organization_id(1), role };
                assert_eq!(ok(result), acting);
            } else {
                let error = failed(result);
                let of = organization_id(1);
                assert!(matches!(error, AccessError::Forbidden { organization } if organization == of), "{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_user_who_is_not_a_member_and_a_key_find_nothing() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    for (actor, scope) in [actor_of(user_id(9)), key(organization_id(1), &PERMISSIONS)]
        .into_iter()
        .flat_map(|actor| scopes().map(|scope| (actor.clone(), scope)))
    {
        let error = failed(bench.stores.memberships.require(&actor, scope, Role::Member).await);
        assert!(matches!(error, AccessError::NotFound(missing) if missing == scope), "{error:?}");
    }
}

#[tokio::test]
async fn either_the_role_or_the_permission_admits() {
    let bench = Workbench::new();
    bench.members(&[Role::Admin, Role::Member]).await;
    let needed = (Role::Admin, parsed("inventory:write"));
    let memberships = &bench.stores.memberships;
    for actor in [actor_of(user_id(1)), key(organization_id(1), &[parsed("inventory:write")])] {
        ok(memberships.require_either(&actor, application_id(1), &needed).await);
    }
    for actor in [actor_of(user_id(2)), key(organization_id(1), &[parsed("inventory:read")])] {
        let error = failed(memberships.require_either(&actor, application_id(1), &needed).await);
        assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
    }
}

#[test]
fn a_key_needs_the_very_permission() {
    for (scope, held) in scopes().into_iter().flat_map(|scope| PERMISSIONS.map(|held| (scope, held))) {
        for needed in PERMISSIONS {
            let result = key(organization_id(1), std::slice::from_ref(&held)).require_permission(scope, &needed);
            assert_eq!(result.is_ok(), held == needed, "{scope:?} {held} {needed}");
        }
    }
}

#[test]
fn a_key_has_no_access_outside_its_application_and_organization() {
    let actor = key(organization_id(1), &PERMISSIONS);
    for scope in [Scope::Organization(organization_id(2)), Scope::Application(application_id(2))] {
        let error = failed(actor.require_permission(scope, &parsed("inventory:read")));
        assert!(matches!(error, AccessError::NotFound(missing) if missing == scope), "{error:?}");
    }
}

#[test]
fn a_user_has_no_permissions_of_keys() {
    let error = failed(actor_of(user_id(1)).require_permission(organization_id(1), &parsed("system_data:read")));
    assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
}
