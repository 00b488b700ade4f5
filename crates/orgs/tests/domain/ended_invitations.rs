//! Invitations that end with a membership change: those that would undo the change, and those that the inviter may no
//! longer send.

use tessera_kernel::{Accounts as _, InvitationId, PageRequest, Role};
use tessera_orgs::{
    AcceptInvitationError, AddMember, Candidate, ChangeRole, InvitationKey, Invite, JoinByInvitation,
    ResendInvitationError,
    model::{Invitation, InvitationStatus, InvitationToken},
};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, organization_id, origin, user, user_id},
    expectations::{failed, ok, parsed, some},
};

/// Users 1 and 2 own organization 1, user 3 is its administrator and user 4 a member. User 9 is not a member and has no
/// verified address.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Owner, Role::Admin, Role::Member]).await;
    let mut unverified = user(9);
    unverified.email_verified = false;
    bench.stores.add_users([&unverified]).await;
    bench
}

async fn invite(bench: &Workbench, by: u32, email: &str, role: Role) -> InvitationId {
    let command = Invite { organization: organization_id(1), email: parsed(email), role };
    ok(bench.orgs().invite(&actor_of(user_id(by)), command).await).0.id
}

/// The token in the only mail to the address.
async fn token(bench: &Workbench, email: &str) -> InvitationToken {
    let mails = bench.mails().await;
    let carries = |mail: &&tessera_outbox::Mail| mail.recipient == parsed(email) && mail.text.expose().len() == 43;
    parsed(some(mails.iter().find(carries)).text.expose())
}

async fn add(bench: &Workbench, number: u32) {
    let candidate = Candidate::User(user_id(number));
    let command = AddMember { organization: organization_id(1), candidate, role: Role::Member };
    ok(bench.orgs().add_member(&actor_of(user_id(1)), command).await);
}

async fn change(bench: &Workbench, by: u32, number: u32, role: Role) {
    let command = ChangeRole { organization: organization_id(1), user: user_id(number), role };
    ok(bench.orgs().change_role(&actor_of(user_id(by)), command).await);
}

async fn remove(bench: &Workbench, by: u32, number: u32) {
    ok(bench.orgs().remove_member(&actor_of(user_id(by)), organization_id(1), user_id(number)).await);
}

async fn statuses(bench: &Workbench) -> Vec<InvitationStatus> {
    let actor = actor_of(user_id(1));
    let listed = bench.orgs().list_invitations(&actor, organization_id(1), PageRequest::default()).await;
    ok(listed).items.into_iter().map(|listed| listed.status).collect()
}

async fn accept(bench: &Workbench, token: &InvitationToken, number: u32) -> Option<AcceptInvitationError> {
    let command = JoinByInvitation {
        invitation: InvitationKey::Token(token.clone()),
        user: user_id(number),
        claim: None,
        actor: Some(actor_of(user_id(number))),
        origin: origin(),
    };
    bench.orgs().join_by_invitation(command).await.err()
}

async fn verify(bench: &Workbench, number: u32) {
    let email = some(user(number).email);
    ok(bench.identity().verify_email(&actor_of(user_id(number)), &email).await);
}

/// The number of queued mails that contain a token.
async fn links(bench: &Workbench) -> usize {
    // The leases of mails that were taken and not delivered expire.
    bench.clock.advance(time::Duration::HOUR);
    bench.mails().await.iter().filter(|mail| mail.text.expose().len() == 43).count()
}

#[tokio::test]
async fn an_old_invitation_does_not_undo_a_removal_s147() {
    let bench = bench().await;
    let id = invite(&bench, 1, "USER9@example.com", Role::Owner).await;
    let old = token(&bench, "user9@example.com").await;
    add(&bench, 9).await;
    assert_eq!((statuses(&bench).await, links(&bench).await), (vec![InvitationStatus::Withdrawn], 0));
    let resent = bench.orgs().resend_invitation(&actor_of(user_id(1)), organization_id(1), id).await;
    assert!(matches!(failed(resent), ResendInvitationError::AlreadyMember));
    remove(&bench, 1, 9).await;
    verify(&bench, 9).await;
    assert!(matches!(accept(&bench, &old, 9).await, Some(AcceptInvitationError::Invalid)));
    let resent = bench.orgs().resend_invitation(&actor_of(user_id(1)), organization_id(1), id).await;
    assert!(matches!(failed(resent), ResendInvitationError::Closed));
    let actions = bench.actions(Some(organization_id(1))).await;
    let mut of_addition = actions[1..3].to_vec();
    // Entries that one transaction writes within one millisecond have no order.
    of_addition.sort();
    assert_eq!(of_addition, ["invitation.withdrawn", "member.added"]);
}

/// An invitation to a current member, as an older version could leave it.
async fn left_behind(bench: &Workbench, number: u32) -> InvitationToken {
    let token = InvitationToken::generate(&*bench.entropy);
    let hash = tessera_kernel::SecretDigest::digest(&tessera_testkit::fakes::FakeDigest, token.expose());
    let (invitation, _) = tessera_testkit::builders::invitation(90, organization_id(1), user_id(1));
    let email = some(user(number).email);
    bench.stores.add_invitations([&(Invitation { email, role: Role::Owner, ..invitation }, hash)]).await;
    token
}

#[tokio::test]
async fn a_membership_change_ends_invitations_to_the_member_s147() {
    for what in 0..3 {
        let bench = bench().await;
        let old = left_behind(&bench, 4).await;
        match what {
            0 => remove(&bench, 1, 4).await,
            1 => remove(&bench, 4, 4).await,
            _ => change(&bench, 1, 4, Role::Admin).await,
        }
        assert_eq!(statuses(&bench).await, [InvitationStatus::Withdrawn], "{what}");
        assert!(matches!(accept(&bench, &old, 4).await, Some(AcceptInvitationError::Invalid)), "{what}");
    }
}

#[tokio::test]
async fn removal_of_the_inviter_ends_their_invitations_and_mails_s150() {
    for by in [1, 3] {
        let bench = bench().await;
        invite(&bench, 3, "one@example.com", Role::Admin).await;
        invite(&bench, 3, "two@example.com", Role::Member).await;
        invite(&bench, 1, "three@example.com", Role::Member).await;
        let old = token(&bench, "one@example.com").await;
        remove(&bench, by, 3).await;
        let expected = [InvitationStatus::Withdrawn, InvitationStatus::Withdrawn, InvitationStatus::Pending];
        assert_eq!((statuses(&bench).await.as_slice(), links(&bench).await), (&expected[..], 1));
        assert!(matches!(bench.orgs().view_invitation(&old).await, Err(AcceptInvitationError::Invalid)));
        assert!(matches!(bench.orgs().claim_invitation(&old).await, Err(AcceptInvitationError::Invalid)));
    }
}

#[tokio::test]
async fn a_demoted_inviter_keeps_only_invitations_they_may_still_send_s150() {
    use InvitationStatus::{Pending, Withdrawn};
    for (left, expected) in [
        (Role::Owner, [Pending, Pending, Pending]),
        (Role::Admin, [Withdrawn, Pending, Pending]),
        (Role::Member, [Withdrawn, Withdrawn, Withdrawn]),
    ] {
        let bench = bench().await;
        for (email, role) in
            [("one@example.com", Role::Owner), ("two@example.com", Role::Admin), ("three@example.com", Role::Member)]
        {
            invite(&bench, 2, email, role).await;
        }
        change(&bench, 1, 2, left).await;
        assert_eq!(statuses(&bench).await, expected, "{left}");
        // The invitation stays ended even if the inviter gets the role back.
        change(&bench, 1, 2, Role::Owner).await;
        assert_eq!(statuses(&bench).await, expected, "{left}");
        let pending = expected.iter().filter(|status| **status == Pending).count();
        assert_eq!(links(&bench).await, pending, "{left}");
    }
}

#[tokio::test]
async fn an_invitation_that_cannot_be_accepted_is_not_listed_as_pending() {
    let bench = bench().await;
    invite(&bench, 3, "one@example.com", Role::Admin).await;
    // Simulates an older version, which deletes a membership without ending the invitations.
    let mut tx = ok(bench.stores.orgs.begin().await);
    ok(tx.memberships().delete(organization_id(1), user_id(3)).await);
    ok(tx.commit().await);
    let old = token(&bench, "one@example.com").await;
    assert_eq!(statuses(&bench).await, [InvitationStatus::Withdrawn]);
    assert!(matches!(bench.orgs().claim_invitation(&old).await, Err(AcceptInvitationError::Invalid)));
    bench.clock.advance(Invitation::TTL);
    assert_eq!(statuses(&bench).await, [InvitationStatus::Expired]);
}

#[tokio::test]
async fn only_the_account_with_the_verified_email_can_accept_s182() {
    let bench = bench().await;
    invite(&bench, 1, "user9@example.com", Role::Admin).await;
    let token = token(&bench, "user9@example.com").await;
    assert!(matches!(accept(&bench, &token, 9).await, Some(AcceptInvitationError::Invalid)));
    verify(&bench, 9).await;
    assert!(accept(&bench, &token, 9).await.is_none());
}
