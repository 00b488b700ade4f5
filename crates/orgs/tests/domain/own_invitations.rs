//! The invitations of the caller.

use tessera_kernel::{Actor, InvitationId, PageRequest, QuotaExceeded, Role};
use tessera_orgs::{
    AcceptInvitationError, Invite, OrgQuotas, OwnInvitationError,
    model::{InvitationStatus, Organization},
};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_key, actor_of, actor_with, api_key, application, organization, organization_id, session, user,
        user_id,
    },
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

/// User 1 is the owner of organization 1. Users 8 and 9 are not members; user 9 has a session.
async fn bench() -> (Workbench, Actor) {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin]).await;
    bench.stores.add_users([&user(8), &user(9)]).await;
    let session = session(9, user_id(9));
    bench.stores.add_session(&session).await;
    let actor = actor_with(&session);
    (bench, actor)
}

async fn invite(bench: &Workbench, by: u32, email: &str, role: Role) -> InvitationId {
    let command = Invite { organization: organization_id(1), email: parsed(email), role };
    ok(bench.orgs().invite(&actor_of(user_id(by)), command).await).0.id
}

async fn listed(bench: &Workbench, actor: &Actor) -> Vec<(InvitationId, Organization)> {
    let page = ok(bench.orgs().list_own_invitations(actor, PageRequest::default()).await);
    page.items.into_iter().map(|(invitation, organization)| (invitation.id, organization)).collect()
}

async fn status(bench: &Workbench) -> Vec<InvitationStatus> {
    let listed = bench.orgs().list_invitations(&actor_of(user_id(1)), organization_id(1), PageRequest::default()).await;
    ok(listed).items.into_iter().map(|listed| listed.status).collect()
}

#[track_caller]
fn not_found<T: std::fmt::Debug>(result: Result<T, OwnInvitationError>) {
    let error = failed(result);
    assert!(matches!(error, OwnInvitationError::NotFound), "{error:?}");
}

#[tokio::test]
async fn an_invitation_is_listed_with_its_organization_and_accepted() {
    let (bench, actor) = bench().await;
    let id = invite(&bench, 1, "User9@Example.com", Role::Admin).await;
    assert_eq!(listed(&bench, &actor).await, [(id, organization(1))]);
    assert!(listed(&bench, &actor_of(user_id(8))).await.is_empty());
    let accepted = ok(bench.orgs().accept_own_invitation(&actor, id).await);
    let membership = some(ok(bench.stores.orgs.find_membership(organization_id(1), user_id(9)).await));
    assert_eq!((&accepted.membership, membership.role), (&membership, Role::Admin));
    assert!(!accepted.account.created && accepted.token.is_some());
    assert!(listed(&bench, &actor).await.is_empty());
    assert_eq!(status(&bench).await, [InvitationStatus::Accepted]);
    not_found(bench.orgs().accept_own_invitation(&actor, id).await);
}

#[tokio::test]
async fn a_declined_invitation_ends_and_is_audited() {
    let (bench, actor) = bench().await;
    let id = invite(&bench, 1, "user9@example.com", Role::Member).await;
    ok(bench.orgs().decline_invitation(&actor, id).await);
    assert_eq!(status(&bench).await, [InvitationStatus::Withdrawn]);
    assert_eq!(bench.actions(Some(organization_id(1))).await, ["invitation.sent", "invitation.declined"]);
    assert!(listed(&bench, &actor).await.is_empty() && bench.mails().await.is_empty());
    not_found(bench.orgs().decline_invitation(&actor, id).await);
    not_found(bench.orgs().accept_own_invitation(&actor, id).await);
}

#[tokio::test]
async fn invitations_of_others_are_not_found() {
    let (bench, _) = bench().await;
    let id = invite(&bench, 1, "user9@example.com", Role::Member).await;
    let key = actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key);
    for actor in [actor_of(user_id(8)), actor_of(user_id(1)), key] {
        not_found(bench.orgs().accept_own_invitation(&actor, id).await);
        not_found(bench.orgs().decline_invitation(&actor, id).await);
        assert!(listed(&bench, &actor).await.is_empty());
    }
    assert_eq!(status(&bench).await, [InvitationStatus::Pending]);
}

#[tokio::test]
async fn an_unverified_address_finds_no_invitation_s152() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let mut unverified = user(9);
    unverified.email_verified = false;
    bench.stores.add_users([&unverified]).await;
    let id = invite(&bench, 1, "user9@example.com", Role::Owner).await;
    let actor = actor_of(user_id(9));
    assert!(listed(&bench, &actor).await.is_empty());
    not_found(bench.orgs().accept_own_invitation(&actor, id).await);
    not_found(bench.orgs().decline_invitation(&actor, id).await);
}

#[tokio::test]
async fn an_expired_invitation_is_not_found() {
    let (bench, actor) = bench().await;
    let id = invite(&bench, 1, "user9@example.com", Role::Member).await;
    bench.clock.set(NOW + Duration::days(7));
    assert!(listed(&bench, &actor).await.is_empty());
    not_found(bench.orgs().accept_own_invitation(&actor, id).await);
    not_found(bench.orgs().decline_invitation(&actor, id).await);
}

#[tokio::test]
async fn the_quota_of_members_applies_s215() {
    let (bench, actor) = bench().await;
    let id = invite(&bench, 1, "user9@example.com", Role::Member).await;
    let members = OrgQuotas::default().members.with_maximum(2);
    let orgs = bench.orgs().with_quotas(OrgQuotas { members, ..OrgQuotas::default() });
    let error = failed(orgs.accept_own_invitation(&actor, id).await);
    let expected = QuotaExceeded { quota: "members", maximum: 2 };
    assert!(
        matches!(error, OwnInvitationError::Accept(AcceptInvitationError::Quota(exceeded)) if exceeded == expected),
        "{error:?}"
    );
    assert_eq!(status(&bench).await, [InvitationStatus::Pending]);
}
