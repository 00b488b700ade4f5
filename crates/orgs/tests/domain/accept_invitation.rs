//! Acceptance of invitations.

use tessera_kernel::{InvitationClaimId, Role, UserId};
use tessera_orgs::{
    AcceptInvitationError, InvitationKey, Invite, JoinByInvitation,
    model::{Claim, Invitation, InvitationToken, Membership},
};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, membership, organization_id, origin, user, user_id},
    expectations::{failed, ok, parsed},
};
use time::Duration;

/// Users 1 and 2 are owner and administrator of organization 1. Users 8 and 9 are not members.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin]).await;
    bench.stores.add_users([&user(8), &user(9)]).await;
    bench
}

/// Invites user 9 and returns the token from the mail.
async fn invited(bench: &Workbench, by: u32, role: Role) -> InvitationToken {
    let command = Invite { organization: organization_id(1), email: parsed("user9@example.com"), role };
    ok(bench.orgs().invite(&actor_of(user_id(by)), command).await);
    parsed(bench.mails().await[0].text.expose())
}

async fn accept(bench: &Workbench, token: &InvitationToken, user: UserId) -> Result<Membership, AcceptInvitationError> {
    accept_claimed(bench, token, user, None).await
}

async fn accept_claimed(
    bench: &Workbench,
    token: &InvitationToken,
    user: UserId,
    claim: Option<InvitationClaimId>,
) -> Result<Membership, AcceptInvitationError> {
    let command = JoinByInvitation {
        invitation: InvitationKey::Token(token.clone()),
        user,
        claim,
        actor: None,
        origin: origin(),
    };
    bench.orgs().join_by_invitation(command).await
}

#[track_caller]
fn claimed<T: std::fmt::Debug>(result: Result<T, AcceptInvitationError>) {
    let error = failed(result);
    assert!(matches!(error, AcceptInvitationError::Claimed), "{error:?}");
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(result: Result<T, AcceptInvitationError>) {
    let error = failed(result);
    assert!(matches!(error, AcceptInvitationError::Invalid), "{error:?}");
}

#[tokio::test]
async fn an_invitation_token_shows_the_organization_and_the_role() {
    let bench = bench().await;
    let token = invited(&bench, 2, Role::Admin).await;
    let about = ok(bench.orgs().view_invitation(&token).await);
    assert_eq!((about.organization.id, about.invitation.role), (organization_id(1), Role::Admin));
    assert_eq!((about.inviter.user_id, about.account), (user_id(2), Some(user_id(9))));
}

#[tokio::test]
async fn an_invited_user_becomes_a_member_with_the_stored_role() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Admin).await;
    let joined = ok(accept(&bench, &token, user_id(9)).await);
    assert_eq!((joined.user_id, joined.role), (user_id(9), Role::Admin));
    let actions = bench.actions(Some(organization_id(1))).await;
    assert_eq!(actions, ["invitation.sent", "invitation.accepted", "member.added"]);
}

#[tokio::test]
async fn an_invitation_token_can_be_used_once() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    ok(accept(&bench, &token, user_id(9)).await);
    invalid(accept(&bench, &token, user_id(9)).await);
    invalid(bench.orgs().view_invitation(&token).await);
}

#[tokio::test]
async fn a_mail_with_a_used_token_is_not_sent_again() {
    let bench = bench().await;
    // A dispatcher delivers the mail and ends before it can record the delivery.
    let token = invited(&bench, 1, Role::Member).await;
    ok(accept(&bench, &token, user_id(9)).await);
    bench.clock.advance(Duration::HOUR);
    assert!(bench.mails().await.is_empty());
}

#[tokio::test]
async fn an_invitation_token_is_valid_only_for_the_invited_user() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    invalid(accept(&bench, &token, user_id(8)).await);
    ok(accept(&bench, &token, user_id(9)).await);
}

#[tokio::test]
async fn an_expired_invitation_is_rejected_s185() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    bench.clock.advance(Invitation::TTL - Duration::microseconds(1));
    ok(bench.orgs().view_invitation(&token).await);
    bench.clock.advance(Duration::microseconds(1));
    invalid(bench.orgs().view_invitation(&token).await);
    invalid(accept(&bench, &token, user_id(9)).await);
}

#[tokio::test]
async fn the_role_of_the_inviter_is_checked_at_acceptance_s183() {
    let bench = bench().await;
    let token = invited(&bench, 2, Role::Admin).await;
    let mut tx = ok(bench.stores.orgs.begin().await);
    ok(tx.memberships().set_role(organization_id(1), user_id(2), Role::Member).await);
    ok(tx.commit().await);
    invalid(bench.orgs().view_invitation(&token).await);
    invalid(accept(&bench, &token, user_id(9)).await);
    // A rejected attempt does not consume the token.
    let mut tx = ok(bench.stores.orgs.begin().await);
    ok(tx.memberships().set_role(organization_id(1), user_id(2), Role::Admin).await);
    ok(tx.commit().await);
    ok(accept(&bench, &token, user_id(9)).await);
}

#[tokio::test]
async fn an_invitation_of_a_removed_inviter_is_rejected_s150() {
    let bench = bench().await;
    let token = invited(&bench, 2, Role::Member).await;
    ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(2)).await);
    invalid(bench.orgs().view_invitation(&token).await);
    invalid(accept(&bench, &token, user_id(9)).await);
}

#[tokio::test]
async fn acceptance_does_not_change_the_role_of_a_member_s190() {
    for (present, offered) in [(Role::Admin, Role::Member), (Role::Member, Role::Owner)] {
        let bench = bench().await;
        let token = invited(&bench, 1, offered).await;
        bench.stores.add_memberships([&membership(organization_id(1), user_id(9), present)]).await;
        assert_eq!(ok(accept(&bench, &token, user_id(9)).await).role, present);
        invalid(accept(&bench, &token, user_id(9)).await);
    }
}

#[tokio::test]
async fn an_unknown_invitation_token_is_rejected() {
    let bench = bench().await;
    invited(&bench, 1, Role::Member).await;
    let unknown = parsed(&"A".repeat(43));
    invalid(bench.orgs().view_invitation(&unknown).await);
    invalid(accept(&bench, &unknown, user_id(9)).await);
}

#[test]
fn a_token_is_32_bytes_in_base64url() {
    struct Ones;
    impl tessera_kernel::Entropy for Ones {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0xFB);
        }
    }
    let token = InvitationToken::generate(&Ones);
    // Same value as Python's base64.urlsafe_b64encode(b"\xfb" * 32), without the padding.
    assert_eq!(token.expose(), "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
    for bad in ["", "A", &"A".repeat(44), &"+".repeat(43), &"é".repeat(21)] {
        assert!(bad.parse::<InvitationToken>().is_err(), "{bad}");
    }
    assert!(!format!("{token:?}").contains("_v7"));
}

#[tokio::test]
async fn a_claimed_invitation_is_reserved_for_its_claim() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    let claim = ok(bench.orgs().claim_invitation(&token).await);
    claimed(bench.orgs().claim_invitation(&token).await);
    claimed(accept(&bench, &token, user_id(9)).await);
    ok(bench.orgs().view_invitation(&token).await);
    ok(accept_claimed(&bench, &token, user_id(9), Some(claim)).await);
    invalid(bench.orgs().claim_invitation(&token).await);
}

#[tokio::test]
async fn a_claim_expires() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    let first = ok(bench.orgs().claim_invitation(&token).await);
    bench.clock.advance(Claim::TTL - Duration::microseconds(1));
    claimed(accept(&bench, &token, user_id(9)).await);
    bench.clock.advance(Duration::microseconds(1));
    // The claim has expired: another request can take it, and the first request has lost it.
    let second = ok(bench.orgs().claim_invitation(&token).await);
    claimed(accept_claimed(&bench, &token, user_id(9), Some(first)).await);
    ok(accept_claimed(&bench, &token, user_id(9), Some(second)).await);
}

#[tokio::test]
async fn an_expired_claim_is_valid_until_another_request_takes_it() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    let claim = ok(bench.orgs().claim_invitation(&token).await);
    bench.clock.advance(Claim::TTL * 2);
    ok(accept_claimed(&bench, &token, user_id(9), Some(claim)).await);
}

#[tokio::test]
async fn an_invalid_invitation_cannot_be_claimed() {
    let bench = bench().await;
    invalid(bench.orgs().claim_invitation(&InvitationToken::generate(&*bench.entropy)).await);
    let token = invited(&bench, 1, Role::Member).await;
    bench.clock.advance(Invitation::TTL);
    invalid(bench.orgs().claim_invitation(&token).await);
}

#[tokio::test]
async fn a_released_claim_can_be_taken_by_another_request() {
    let bench = bench().await;
    let token = invited(&bench, 1, Role::Member).await;
    let first = ok(bench.orgs().claim_invitation(&token).await);
    ok(bench.orgs().release_invitation(&token, first).await);
    let second = ok(bench.orgs().claim_invitation(&token).await);
    // A request can't release the claim of another request.
    ok(bench.orgs().release_invitation(&token, first).await);
    claimed(accept(&bench, &token, user_id(9)).await);
    ok(accept_claimed(&bench, &token, user_id(9), Some(second)).await);
    invalid(bench.orgs().release_invitation(&InvitationToken::generate(&*bench.entropy), second).await);
}
