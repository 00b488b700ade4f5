//! Recent authentication for grants of ownership.

use tessera_kernel::{AccessError, Actor, Clock as _, PageRequest, Principal, Role};
use tessera_orgs::{
    AddMember, AddMemberError, Candidate, ChangeRole, ChangeRoleError, Invite, InviteError, ResendInvitationError,
};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, organization_id, user, user_id},
    expectations::{failed, ok, parsed},
};
use time::Duration;

use Role::{Admin, Member as Plain, Owner};

/// An owner, an administrator, another owner, a member, and a user who is not a member. `ago` is the time since their
/// sign-in.
async fn bench(ago: Duration) -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Owner, Admin, Owner, Plain]).await;
    bench.stores.add_users([&user(9)]).await;
    bench.clock.advance(ago);
    bench
}

/// An actor whose request is made now, in a session that began when the bench was created.
fn user_actor(bench: &Workbench, number: u32) -> Actor {
    let mut actor = actor_of(user_id(number));
    if let Principal::User { checked_at, .. } = &mut actor.principal {
        *checked_at = bench.clock.now();
    }
    actor
}

async fn change(bench: &Workbench, by: u32, of: u32, role: Role) -> Result<(), ChangeRoleError> {
    let command = ChangeRole { organization: organization_id(1), user: user_id(of), role };
    bench.orgs().change_role(&user_actor(bench, by), command).await.map(|_| ())
}

async fn add(bench: &Workbench, by: u32, role: Role) -> Result<(), AddMemberError> {
    let command = AddMember { organization: organization_id(1), candidate: Candidate::User(user_id(9)), role };
    bench.orgs().add_member(&user_actor(bench, by), command).await.map(|_| ())
}

async fn invite(bench: &Workbench, by: u32, role: Role) -> Result<(), InviteError> {
    let command = Invite { organization: organization_id(1), email: parsed("guest@example.com"), role };
    bench.orgs().invite(&user_actor(bench, by), command).await.map(|_| ())
}

const EDGE: Duration = Duration::minutes(5);

#[tokio::test]
async fn recent_authentication_allows_granting_ownership_s53() {
    let bench = bench(EDGE - Duration::microseconds(1)).await;
    ok(change(&bench, 1, 4, Owner).await);
    ok(add(&bench, 1, Owner).await);
    ok(invite(&bench, 1, Owner).await);
}

#[tokio::test]
async fn granting_ownership_requires_recent_authentication_s53() {
    let bench = bench(EDGE).await;
    let before = bench.actions(Some(organization_id(1))).await;
    let error = failed(change(&bench, 1, 4, Owner).await);
    assert!(matches!(error, ChangeRoleError::ReauthenticationRequired), "{error:?}");
    let error = failed(add(&bench, 1, Owner).await);
    assert!(matches!(error, AddMemberError::ReauthenticationRequired), "{error:?}");
    let error = failed(invite(&bench, 1, Owner).await);
    assert!(matches!(error, InviteError::ReauthenticationRequired), "{error:?}");
    assert_eq!(bench.actions(Some(organization_id(1))).await, before);
    assert_eq!(ok(bench.stores.memberships.role_of(organization_id(1), user_id(4)).await), Some(Plain));
    assert_eq!(ok(bench.stores.memberships.role_of(organization_id(1), user_id(9)).await), None);
}

#[tokio::test]
async fn other_role_changes_require_no_recent_authentication() {
    let bench = bench(EDGE).await;
    ok(change(&bench, 1, 4, Admin).await);
    ok(change(&bench, 1, 3, Owner).await);
    ok(change(&bench, 1, 3, Plain).await);
    ok(add(&bench, 1, Admin).await);
    ok(invite(&bench, 2, Admin).await);
}

#[tokio::test]
async fn a_forbidden_change_does_not_require_recent_authentication() {
    let bench = bench(EDGE).await;
    for by in [2, 4] {
        let error = failed(change(&bench, by, 4, Owner).await);
        assert!(matches!(error, ChangeRoleError::Access(AccessError::Forbidden { .. })), "{error:?}");
        let error = failed(add(&bench, by, Owner).await);
        assert!(matches!(error, AddMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
        let error = failed(invite(&bench, by, Owner).await);
        assert!(matches!(error, InviteError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
    let error = failed(change(&bench, 9, 4, Owner).await);
    assert!(matches!(error, ChangeRoleError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn resending_an_owner_invitation_requires_recent_authentication_s53() {
    let bench = bench(Duration::ZERO).await;
    ok(invite(&bench, 1, Owner).await);
    let listed =
        ok(bench.orgs().list_invitations(&user_actor(&bench, 1), organization_id(1), PageRequest::default()).await);
    let id = listed.items[0].invitation.id;
    bench.clock.advance(EDGE);
    let again = bench.orgs().resend_invitation(&user_actor(&bench, 3), organization_id(1), id).await;
    assert!(matches!(failed(again), ResendInvitationError::ReauthenticationRequired));
}
