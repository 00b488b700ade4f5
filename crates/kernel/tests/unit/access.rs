//! Access of users by role, and of API keys by permission and scope.

use tessera_kernel::{
    AccessError, AccessKind, Acting, ActingParty, Actor, CurrentOrganizationError, KeyScope, OrganizationId,
    Permission, PermissionSet, Requirement, Role, Scope,
};
use tessera_testkit::{
    Workbench,
    builders::{
        PERMISSIONS, actor_by_key, actor_by_personal_key, actor_by_service_account, actor_of, api_key, application,
        application_id, membership, organization, organization_id, permissions, user_id,
    },
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

fn service_account(permissions: &[Permission], scope: KeyScope) -> Actor {
    actor_by_service_account(organization_id(1), permissions.iter().cloned().collect(), scope)
}

fn requirement(role: Role, permission: &str) -> Requirement {
    let permission = Some(parsed(permission));
    Requirement { role, permission, application_keys: true, kind: AccessKind::Write, without_mfa: false }
}

async fn check(
    bench: &Workbench,
    actor: &Actor,
    scope: impl Into<Scope>,
    required: &Requirement,
) -> Result<Acting, AccessError> {
    bench.stores.memberships.authorize(actor, scope, required).await
}

#[tokio::test]
async fn a_role_admits_all_higher_roles() {
    let bench = Workbench::new();
    let roles = [Role::Member, Role::Admin, Role::Owner];
    bench.members(&roles).await;
    let of = organization_id(1);
    for (number, role) in (1..).zip(roles) {
        let user = user_id(number);
        let personal = actor_by_personal_key(of, user, role, KeyScope::ReadWrite);
        for (scope, lowest) in scopes().into_iter().flat_map(|scope| roles.map(|lowest| (scope, lowest))) {
            for (actor, by_key) in [(actor_of(user), false), (personal.clone(), true)] {
                let result = check(&bench, &actor, scope, &requirement(lowest, "inventory:write")).await;
                if role >= lowest {
                    let party = ActingParty::Member { user, role, by_key };
                    assert_eq!(ok(result), Acting { organization: of, party });
                } else {
                    let error = failed(result);
                    assert!(
                        matches!(error, AccessError::Forbidden { organization } if organization == of),
                        "{error:?}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_user_who_is_not_a_member_finds_nothing() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    for scope in scopes() {
        let error = failed(check(&bench, &actor_of(user_id(9)), scope, &requirement(Role::Member, "org:read")).await);
        assert!(matches!(error, AccessError::NotFound(missing) if missing == scope), "{error:?}");
    }
}

#[tokio::test]
async fn a_key_needs_the_very_permission() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    for (scope, held) in scopes().into_iter().flat_map(|scope| PERMISSIONS.map(|held| (scope, held))) {
        let held = std::slice::from_ref(&held);
        for actor in [key(organization_id(1), held), service_account(held, KeyScope::ReadWrite)] {
            for needed in PERMISSIONS {
                let result = check(&bench, &actor, scope, &requirement(Role::Member, needed.as_str())).await;
                assert_eq!(result.is_ok(), held[0] == needed, "{actor:?} {scope:?} {needed}");
            }
        }
    }
}

#[tokio::test]
async fn an_application_key_needs_an_operation_for_application_keys() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let required = Requirement { application_keys: false, ..requirement(Role::Member, "inventory:read") };
    for scope in scopes() {
        let error = failed(check(&bench, &key(organization_id(1), &PERMISSIONS), scope, &required).await);
        assert!(matches!(error, AccessError::NotFound(missing) if missing == scope), "{error:?}");
        ok(check(&bench, &service_account(&PERMISSIONS, KeyScope::ReadWrite), scope, &required).await);
    }
}

#[tokio::test]
async fn an_operation_without_a_permission_is_for_users() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let required = Requirement { permission: None, ..requirement(Role::Member, "org:read") };
    for actor in [service_account(&PERMISSIONS, KeyScope::ReadWrite), key(organization_id(1), &PERMISSIONS)] {
        let error = failed(check(&bench, &actor, organization_id(1), &required).await);
        assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
    }
    let personal = actor_by_personal_key(organization_id(1), user_id(1), Role::Owner, KeyScope::ReadWrite);
    ok(check(&bench, &personal, organization_id(1), &required).await);
}

#[tokio::test]
async fn a_key_that_only_reads_changes_nothing() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let write = requirement(Role::Member, "inventory:write");
    let read = Requirement { kind: AccessKind::Read, ..write.clone() };
    let personal = actor_by_personal_key(organization_id(1), user_id(1), Role::Owner, KeyScope::Read);
    for actor in [personal, service_account(&PERMISSIONS, KeyScope::Read)] {
        for scope in scopes() {
            ok(check(&bench, &actor, scope, &read).await);
            let error = failed(check(&bench, &actor, scope, &write).await);
            assert!(matches!(error, AccessError::ReadOnlyKey { .. }), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_key_has_no_access_outside_its_application_and_organization() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    bench.stores.add_organizations([&organization(2)]).await;
    bench.stores.add_applications([&application(2, organization_id(2))]).await;
    let personal = actor_by_personal_key(organization_id(1), user_id(1), Role::Owner, KeyScope::ReadWrite);
    let account = service_account(&PERMISSIONS, KeyScope::ReadWrite);
    for actor in [key(organization_id(1), &PERMISSIONS), personal, account] {
        for scope in [organization_id(2).into(), application_id(2).into(), Scope::from(application_id(9))] {
            let error = failed(check(&bench, &actor, scope, &requirement(Role::Member, "inventory:read")).await);
            assert!(matches!(error, AccessError::NotFound(missing) if missing == scope), "{error:?}");
        }
    }
}

#[test]
fn no_party_may_change_a_role_above_its_own() {
    let member = |role, by_key| ActingParty::Member { user: user_id(1), role, by_key };
    for role in [Role::Member, Role::Admin, Role::Owner] {
        assert_eq!(member(role, false).highest_role(), role);
        assert_eq!(member(role, true).highest_role(), role.min(Role::Admin));
    }
    let account = service_account(&PERMISSIONS, KeyScope::ReadWrite);
    let party = ok(account.authorize_key(organization_id(1), &requirement(Role::Member, "inventory:read"))).party;
    assert_eq!((party.highest_role(), party.role(), party.user()), (Role::Member, None, None));
}

#[test]
fn a_party_has_the_permissions_that_it_may_give() {
    let some = permissions(["inventory:read"]);
    let more = permissions(["inventory:read", "inventory:write"]);
    let account = |own: &PermissionSet| {
        let actor = actor_by_service_account(organization_id(1), own.clone(), KeyScope::ReadWrite);
        ok(actor.authorize_key(organization_id(1), &requirement(Role::Member, "inventory:read"))).party
    };
    assert!(account(&more).has_all(&some) && account(&some).has_all(&some));
    assert!(!account(&some).has_all(&more));
    for (role, has) in [(Role::Owner, true), (Role::Admin, true), (Role::Member, false)] {
        let member = ActingParty::Member { user: user_id(1), role, by_key: false };
        assert_eq!(member.has_all(&some), has);
    }
}

#[tokio::test]
async fn the_current_organization_is_that_of_the_key_or_the_only_one_of_the_user() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let (one, other, unknown) = (organization_id(1), organization_id(2), organization_id(9));
    let current = async |actor: &Actor, stated| bench.stores.memberships.current_organization(actor, stated).await;
    let key = service_account(&PERMISSIONS, KeyScope::Read);
    for actor in [&actor_of(user_id(1)), &key] {
        assert_eq!(ok(current(actor, None).await), one);
        assert_eq!(ok(current(actor, Some(one)).await), one);
    }
    let error = failed(current(&key, Some(other)).await);
    assert!(matches!(error, CurrentOrganizationError::NotFound), "{error:?}");
    let error = failed(current(&actor_of(user_id(9)), None).await);
    assert!(matches!(error, CurrentOrganizationError::NotFound), "{error:?}");
    bench.stores.add_organizations([&organization(2)]).await;
    bench.stores.add_memberships([&membership(other, user_id(1), Role::Member)]).await;
    let error = failed(current(&actor_of(user_id(1)), None).await);
    assert!(matches!(error, CurrentOrganizationError::Ambiguous), "{error:?}");
    for stated in [one, other, unknown] {
        // The operation decides whether the user has access.
        assert_eq!(ok(current(&actor_of(user_id(1)), Some(stated)).await), stated);
    }
}
