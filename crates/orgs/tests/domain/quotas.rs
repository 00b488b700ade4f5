//! How many organizations a user owns, and how many members an organization has.

use tessera_kernel::{QuotaExceeded, Role};
use tessera_orgs::{
    AcceptInvitationError, AddMember, AddMemberError, Candidate, ChangeRole, ChangeRoleError, CreateOrganization,
    CreateOrganizationError, InvitationKey, Invite, JoinByInvitation, OrgQuotas, Orgs,
    model::{Claim, InvitationToken, Membership, Organization},
};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, organization_id, origin, user, user_id},
    expectations::{failed, ok, parsed, some},
};

/// Users 1 and 2 are an owner and a member of organization 1; users 8 and 9 are not in it.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Member]).await;
    bench.stores.add_users([&user(8), &user(9)]).await;
    bench
}

fn owning(bench: &Workbench, maximum: u64) -> Orgs {
    let owned_organizations = OrgQuotas::default().owned_organizations.with_maximum(maximum);
    bench.orgs().with_quotas(OrgQuotas { owned_organizations, ..OrgQuotas::default() })
}

fn holding(bench: &Workbench, maximum: u64) -> Orgs {
    let members = OrgQuotas::default().members.with_maximum(maximum);
    bench.orgs().with_quotas(OrgQuotas { members, ..OrgQuotas::default() })
}

async fn create(orgs: &Orgs, by: u32) -> Result<Organization, CreateOrganizationError> {
    let command = CreateOrganization { name: parsed("Acme"), slug: None };
    orgs.create_organization(&actor_of(user_id(by)), command).await.map(|(organization, _)| organization)
}

async fn add(orgs: &Orgs, number: u32, role: Role) -> Result<(), AddMemberError> {
    let candidate = Candidate::User(user_id(number));
    let command = AddMember { organization: organization_id(1), candidate, role };
    orgs.add_member(&actor_of(user_id(1)), command).await.map(|_| ())
}

async fn promote(orgs: &Orgs, number: u32) -> Result<(), ChangeRoleError> {
    let command = ChangeRole { organization: organization_id(1), user: user_id(number), role: Role::Owner };
    orgs.change_role(&actor_of(user_id(1)), command).await.map(|_| ())
}

/// Invites user 9 under the default quotas and returns the token from the mail.
async fn invited(bench: &Workbench, role: Role) -> InvitationToken {
    let command = Invite { organization: organization_id(1), email: parsed("user9@example.com"), role };
    ok(bench.orgs().invite(&actor_of(user_id(1)), command).await);
    parsed(bench.mails().await[0].text.expose())
}

async fn accept(orgs: &Orgs, token: &InvitationToken) -> Result<Membership, AcceptInvitationError> {
    let token = token.clone();
    orgs.join_by_invitation(JoinByInvitation {
        invitation: InvitationKey::Token(token),
        user: user_id(9),
        claim: None,
        actor: None,
        origin: origin(),
    })
    .await
}

#[tokio::test]
async fn the_organizations_that_a_user_owns_are_limited_s215() {
    let bench = bench().await;
    // User 1 owns organization 1 already.
    let orgs = owning(&bench, 2);
    ok(create(&orgs, 1).await);
    let error = failed(create(&orgs, 1).await);
    let wanted = QuotaExceeded { quota: "owned_organizations", maximum: 2 };
    assert!(matches!(error, CreateOrganizationError::Quota(exceeded) if exceeded == wanted), "{error:?}");
    // User 2 is a member of organization 1 and owns no organization.
    ok(create(&orgs, 2).await);
    ok(create(&owning(&bench, 0), 1).await);
}

#[tokio::test]
async fn every_way_to_own_an_organization_counts_for_the_quota_s215() {
    let bench = bench().await;
    let (none, one) = (owning(&bench, 1), owning(&bench, 2));
    for by in [2, 8, 9] {
        ok(create(&none, by).await);
    }
    assert!(matches!(failed(promote(&none, 2).await), ChangeRoleError::Quota(_)));
    let token = invited(&bench, Role::Owner).await;
    assert!(matches!(failed(accept(&none, &token).await), AcceptInvitationError::Quota(_)));
    // The rejected calls changed nothing: each of them succeeds with a higher quota.
    ok(promote(&one, 2).await);
    assert_eq!(ok(accept(&one, &token).await).role, Role::Owner);
    // A user who is already an owner does not count again.
    ok(promote(&none, 2).await);
}

#[tokio::test]
async fn organizations_that_an_owner_has_not_opened_count_apart_s215() {
    let bench = bench().await;
    let (one, two) = (owning(&bench, 1), owning(&bench, 2));
    let other = ok(create(&one, 9).await);
    ok(create(&one, 8).await);
    // User 8 owns an organization and can still become the owner of one that another user has created.
    ok(add(&one, 8, Role::Owner).await);
    let again = || AddMember { organization: other.id, candidate: Candidate::User(user_id(8)), role: Role::Owner };
    assert!(matches!(failed(one.add_member(&actor_of(user_id(9)), again()).await), AddMemberError::Quota(_)));
    ok(two.add_member(&actor_of(user_id(9)), again()).await);
    // Organizations of other users do not prevent user 8 from creating organizations.
    ok(create(&two, 8).await);
    assert!(matches!(failed(create(&two, 8).await), CreateOrganizationError::Quota(_)));
}

#[tokio::test]
async fn acceptance_over_the_member_quota_fails_and_keeps_the_invitation_s188() {
    let bench = bench().await;
    let token = invited(&bench, Role::Member).await;
    let (full, room) = (holding(&bench, 2), holding(&bench, 3));
    let error = failed(accept(&full, &token).await);
    let wanted = QuotaExceeded { quota: "members", maximum: 2 };
    assert!(matches!(error, AcceptInvitationError::Quota(exceeded) if exceeded == wanted), "{error:?}");
    // No account is created for an organization without room.
    assert!(matches!(failed(full.claim_invitation(&token).await), AcceptInvitationError::Quota(_)));
    assert!(matches!(failed(add(&full, 8, Role::Member).await), AddMemberError::Quota(exceeded) if exceeded == wanted));
    // An existing member needs no place.
    assert!(matches!(failed(add(&full, 2, Role::Member).await), AddMemberError::AlreadyMember));
    ok(accept(&room, &token).await);
    let actions = bench.actions(Some(organization_id(1))).await;
    assert_eq!(actions, ["invitation.sent", "invitation.accepted", "member.added"]);
    assert!(matches!(failed(add(&room, 8, Role::Member).await), AddMemberError::Quota(_)));
}

/// The token of an invitation of organization 1 to the address.
async fn invite(bench: &Workbench, email: &str) -> InvitationToken {
    let command = Invite { organization: organization_id(1), email: parsed(email), role: Role::Member };
    ok(bench.orgs().invite(&actor_of(user_id(1)), command).await);
    parsed(some(bench.mails().await.last()).text.expose())
}

#[tokio::test]
async fn a_claimed_invitation_uses_a_place_until_the_claim_ends_s188() {
    let bench = bench().await;
    let (first, second) = (invite(&bench, "one@example.com").await, invite(&bench, "two@example.com").await);
    let known = invite(&bench, "user9@example.com").await;
    let orgs = holding(&bench, 3);
    let claim = ok(orgs.claim_invitation(&first).await);
    // Until then no account is created and no user joins for this place.
    assert!(matches!(failed(orgs.claim_invitation(&second).await), AcceptInvitationError::Quota(_)));
    assert!(matches!(failed(accept(&orgs, &known).await), AcceptInvitationError::Quota(_)));
    assert!(matches!(failed(add(&orgs, 8, Role::Member).await), AddMemberError::Quota(_)));
    // A released claim frees the place at once, one that is left alone when it expires.
    ok(orgs.release_invitation(&first, claim).await);
    ok(orgs.claim_invitation(&second).await);
    assert!(matches!(failed(orgs.claim_invitation(&first).await), AcceptInvitationError::Quota(_)));
    bench.clock.advance(Claim::TTL);
    ok(accept(&orgs, &known).await);
}

#[tokio::test]
async fn the_request_that_claimed_the_last_place_is_accepted_s188() {
    let bench = bench().await;
    let token = invited(&bench, Role::Member).await;
    let orgs = holding(&bench, 3);
    let claim = Some(ok(orgs.claim_invitation(&token).await));
    let command = JoinByInvitation {
        invitation: InvitationKey::Token(token),
        user: user_id(9),
        claim,
        actor: None,
        origin: origin(),
    };
    assert_eq!(ok(orgs.join_by_invitation(command).await).role, Role::Member);
}
