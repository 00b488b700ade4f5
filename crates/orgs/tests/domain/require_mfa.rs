//! Organizations that require MFA of their members.

use tessera_kernel::{AccessError, Actor, KeyScope, PageRequest, Principal, Role};
use tessera_orgs::{RemoveMemberError, UpdateOrganization, UpdateOrganizationError, model::Organization};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_by_personal_key, actor_of, application_id, organization, organization_id, user_id},
    expectations::{failed, ok},
};
use time::Duration;

/// The user in a session with MFA.
fn with_mfa(number: u32) -> Actor {
    let mut actor = actor_of(user_id(number));
    if let Principal::User { mfa, .. } = &mut actor.principal {
        *mfa = true;
    }
    actor
}

fn require(mfa_required: bool) -> UpdateOrganization {
    UpdateOrganization { organization: organization_id(1), name: None, slug: None, mfa_required: Some(mfa_required) }
}

/// Users 1, 2 and 3 are owner, administrator and member of organization 1, which requires MFA.
async fn bench() -> Workbench {
    let bench = Workbench::with_organization().await;
    ok(bench.orgs().update_organization(&with_mfa(1), require(true)).await);
    bench
}

fn requires_mfa(error: &AccessError) -> bool {
    matches!(error, AccessError::MfaRequired { organization } if *organization == organization_id(1))
}

#[tokio::test]
async fn only_an_owner_with_mfa_turns_it_on() {
    let bench = Workbench::with_organization().await;
    let error = failed(bench.orgs().update_organization(&actor_of(user_id(1)), require(true)).await);
    assert!(matches!(&error, UpdateOrganizationError::Access(error) if requires_mfa(error)), "{error:?}");
    let key = actor_by_personal_key(organization_id(1), user_id(1), Role::Owner, KeyScope::ReadWrite);
    for actor in [with_mfa(2), key] {
        let error = failed(bench.orgs().update_organization(&actor, require(true)).await);
        assert!(matches!(error, UpdateOrganizationError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
    let (changed, _) = ok(bench.orgs().update_organization(&with_mfa(1), require(true)).await);
    let before = organization(1);
    assert_eq!(changed, Organization { mfa_required: true, updated_at: changed.updated_at, ..before });
}

#[tokio::test]
async fn turning_it_off_requires_recent_authentication() {
    let bench = bench().await;
    let mut old = with_mfa(1);
    if let Principal::User { checked_at, .. } = &mut old.principal {
        *checked_at = NOW + Duration::minutes(5);
    }
    // What does not change anything needs none.
    ok(bench.orgs().update_organization(&old, require(true)).await);
    let error = failed(bench.orgs().update_organization(&old, require(false)).await);
    assert!(matches!(error, UpdateOrganizationError::ReauthenticationRequired), "{error:?}");
    ok(bench.orgs().update_organization(&with_mfa(1), require(false)).await);
    ok(bench.orgs().view_organization(&actor_of(user_id(3)), organization_id(1)).await);
}

#[tokio::test]
async fn a_member_with_one_factor_can_only_leave() {
    let bench = bench().await;
    let (orgs, member) = (bench.orgs(), actor_of(user_id(3)));
    assert!(requires_mfa(&failed(orgs.view_organization(&member, organization_id(1)).await)));
    assert!(requires_mfa(&failed(orgs.list_members(&member, organization_id(1), PageRequest::default()).await)));
    let administrator = actor_of(user_id(2));
    let error = failed(orgs.remove_member(&administrator, organization_id(1), user_id(3)).await);
    assert!(matches!(&error, RemoveMemberError::Access(error) if requires_mfa(error)), "{error:?}");
    let stranger = failed(orgs.view_organization(&actor_of(user_id(9)), organization_id(1)).await);
    assert!(matches!(stranger, AccessError::NotFound(_)), "{stranger:?}");
    ok(orgs.view_organization(&with_mfa(3), organization_id(1)).await);
    ok(orgs.remove_member(&member, organization_id(1), user_id(3)).await);
}

#[tokio::test]
async fn applications_of_the_organization_require_it_too() {
    let bench = bench().await;
    let application = application_id(1);
    let error = failed(bench.apps().view_application(&actor_of(user_id(3)), application).await);
    assert!(requires_mfa(&error), "{error:?}");
    ok(bench.apps().view_application(&with_mfa(3), application).await);
}

#[tokio::test]
async fn administrators_see_which_members_have_a_second_factor() {
    let bench = bench().await;
    let seen = async |actor: &Actor| {
        let page = ok(bench.orgs().list_members(actor, organization_id(1), PageRequest::default()).await);
        page.items.into_iter().map(|member| member.mfa_enabled).collect::<Vec<_>>()
    };
    assert_eq!(seen(&with_mfa(2)).await, [Some(false); 3]);
    assert_eq!(seen(&with_mfa(3)).await, [None; 3]);
}
