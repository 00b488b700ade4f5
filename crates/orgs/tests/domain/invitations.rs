//! Sending, resending and withdrawal of invitations.

use tessera_kernel::{AccessError, InvitationId, Page, PageRequest, QuotaExceeded, Role};
use tessera_orgs::{
    Invite, InviteError, OrgQuotas, Orgs, ResendInvitationError, WithdrawInvitationError,
    model::{Invitation, InvitationStatus, ListedInvitation, MailDelivery},
};
use tessera_outbox::MailRefusal;
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, key_actor, organization_id, user, user_id},
    expectations::{failed, ok, parsed},
};
use time::Duration;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1. User 8 is not a member.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member]).await;
    bench.stores.add_users([&user(8)]).await;
    bench
}

async fn invite(bench: &Workbench, by: u32, email: &str, role: Role) -> Result<Invitation, InviteError> {
    invite_with(&bench.orgs(), by, email, role).await
}

async fn invite_with(orgs: &Orgs, by: u32, email: &str, role: Role) -> Result<Invitation, InviteError> {
    let command = Invite { organization: organization_id(1), email: parsed(email), role };
    orgs.invite(&actor_of(user_id(by)), command).await.map(|(invitation, _)| invitation)
}

async fn resend(bench: &Workbench, by: u32, id: InvitationId) -> Result<Invitation, ResendInvitationError> {
    let sent = bench.orgs().resend_invitation(&actor_of(user_id(by)), organization_id(1), id).await;
    sent.map(|(invitation, _)| invitation)
}

async fn withdraw(bench: &Workbench, by: u32, id: InvitationId) -> Result<(), WithdrawInvitationError> {
    bench.orgs().withdraw_invitation(&actor_of(user_id(by)), organization_id(1), id).await
}

async fn list(bench: &Workbench, by: u32) -> Result<Page<ListedInvitation>, AccessError> {
    bench.orgs().list_invitations(&actor_of(user_id(by)), organization_id(1), PageRequest::default()).await
}

async fn statuses(bench: &Workbench) -> Vec<InvitationStatus> {
    ok(list(bench, 1).await).items.into_iter().map(|listed| listed.status).collect()
}

#[tokio::test]
async fn an_invitation_is_stored_with_its_mail() {
    let bench = bench().await;
    let invitation = ok(invite(&bench, 2, "Guest@Example.com", Role::Admin).await);
    assert_eq!(invitation.expires_at, NOW + Duration::days(7));
    assert_eq!(invitation.invited_by, user_id(2));
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipient.as_str(), "Guest@Example.com");
    assert_eq!(mails[0].text.expose().len(), 43);
    assert_eq!(bench.actions(Some(organization_id(1))).await, ["invitation.sent"]);
}

#[tokio::test]
async fn the_list_shows_the_delivery_of_the_latest_mail() {
    let bench = bench().await;
    let invitation = ok(invite(&bench, 1, "guest@example.com", Role::Member).await);
    let delivery = async || ok(list(&bench, 1).await).items[0].delivery;
    assert_eq!(delivery().await, Some(MailDelivery::Queued));
    let mails = &bench.stores.mails;
    let taken = ok(mails.take(NOW, NOW + Duration::MINUTE, 1).await);
    assert!(ok(mails.refuse(taken[0].mail.id, 1, MailRefusal::NonAsciiAddress, NOW).await));
    assert_eq!(delivery().await, Some(MailDelivery::Failed));
    bench.clock.advance(Duration::MINUTE);
    ok(resend(&bench, 1, invitation.id).await);
    assert_eq!(delivery().await, Some(MailDelivery::Queued));
    ok(withdraw(&bench, 1, invitation.id).await);
    assert_eq!(delivery().await, None);
}

#[tokio::test]
async fn an_inviter_cannot_invite_to_a_higher_role() {
    let bench = bench().await;
    for role in [Role::Owner, Role::Admin, Role::Member] {
        ok(invite(&bench, 1, "guest@example.com", role).await);
    }
    for (by, role) in [(2, Role::Owner), (3, Role::Member)] {
        let error = failed(invite(&bench, by, "other@example.com", role).await);
        assert!(matches!(error, InviteError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
    let error = failed(invite(&bench, 8, "other@example.com", Role::Member).await);
    assert!(matches!(error, InviteError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn an_api_key_cannot_send_invitations() {
    let bench = bench().await;
    let actor = key_actor();
    let command = Invite { organization: organization_id(1), email: parsed("a@example.com"), role: Role::Member };
    let error = failed(bench.orgs().invite(&actor, command).await);
    assert!(matches!(error, InviteError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_member_is_not_invited() {
    let bench = bench().await;
    let error = failed(invite(&bench, 1, "USER3@example.com", Role::Admin).await);
    assert!(matches!(error, InviteError::AlreadyMember), "{error:?}");
    assert!(bench.mails().await.is_empty());
}

#[tokio::test]
async fn a_second_invitation_replaces_the_first() {
    let bench = bench().await;
    ok(invite(&bench, 1, "guest@example.com", Role::Member).await);
    ok(invite(&bench, 2, "GUEST@example.com", Role::Admin).await);
    assert_eq!(statuses(&bench).await, [InvitationStatus::Withdrawn, InvitationStatus::Pending]);
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 1, "that of the first opens nothing");
    assert!(mails[0].subject.ends_with("as admin"), "{}", mails[0].subject);
}

#[tokio::test]
async fn a_withdrawn_invitation_sends_no_mail() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Member).await).id;
    ok(invite(&bench, 1, "other@example.com", Role::Member).await);
    ok(withdraw(&bench, 2, id).await);
    let left: Vec<String> = bench.mails().await.into_iter().map(|mail| mail.recipient.to_string()).collect();
    assert_eq!(left, ["other@example.com"]);
}

#[tokio::test]
async fn a_resent_invitation_has_one_mail_to_deliver() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Member).await).id;
    // A delivery attempt fails, and another invitation is sent days later.
    let first = bench.mails().await[0].text.expose().clone();
    bench.clock.advance(Duration::days(3));
    ok(invite(&bench, 1, "other@example.com", Role::Member).await);
    ok(resend(&bench, 2, id).await);
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| *mail.text.expose() != first));
}

#[tokio::test]
async fn a_rejected_change_keeps_the_queued_mail() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Owner).await).id;
    drop(failed(withdraw(&bench, 2, id).await));
    drop(failed(resend(&bench, 2, id).await));
    drop(failed(invite(&bench, 2, "guest@example.com", Role::Member).await));
    assert_eq!(bench.mails().await.len(), 1);
}

#[tokio::test]
async fn an_administrator_cannot_change_an_owner_invitation() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Owner).await).id;
    let error = failed(invite(&bench, 2, "guest@example.com", Role::Member).await);
    assert!(matches!(error, InviteError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let error = failed(resend(&bench, 2, id).await);
    assert!(matches!(error, ResendInvitationError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let error = failed(withdraw(&bench, 2, id).await);
    assert!(matches!(error, WithdrawInvitationError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert_eq!(statuses(&bench).await, [InvitationStatus::Pending]);
}

#[tokio::test]
async fn an_invitation_expires_to_the_second() {
    let bench = bench().await;
    ok(invite(&bench, 1, "guest@example.com", Role::Member).await);
    bench.clock.advance(Invitation::TTL - Duration::microseconds(1));
    assert_eq!(statuses(&bench).await, [InvitationStatus::Pending]);
    bench.clock.advance(Duration::microseconds(1));
    assert_eq!(statuses(&bench).await, [InvitationStatus::Expired]);
}

#[tokio::test]
async fn a_resent_invitation_has_a_new_expiry_and_inviter() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Member).await).id;
    let first = bench.mails().await[0].text.expose().clone();
    bench.clock.advance(Duration::days(8));
    let sent = ok(resend(&bench, 2, id).await);
    assert_eq!((sent.id, sent.invited_by, sent.expires_at), (id, user_id(2), NOW + Duration::days(15)));
    assert_eq!(statuses(&bench).await, [InvitationStatus::Pending]);
    let mails = bench.mails().await;
    assert_ne!(mails[0].text.expose(), &first);
    assert_eq!(mails.len(), 1, "the first one has expired");
}

#[tokio::test]
async fn a_withdrawn_invitation_cannot_be_resent() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Member).await).id;
    ok(withdraw(&bench, 2, id).await);
    ok(withdraw(&bench, 2, id).await);
    let error = failed(resend(&bench, 1, id).await);
    assert!(matches!(error, ResendInvitationError::Closed), "{error:?}");
    assert_eq!(bench.actions(Some(organization_id(1))).await, ["invitation.sent", "invitation.withdrawn"]);
}

#[tokio::test]
async fn members_and_non_members_cannot_manage_invitations() {
    let bench = bench().await;
    let id = ok(invite(&bench, 1, "guest@example.com", Role::Member).await).id;
    let error = failed(resend(&bench, 3, id).await);
    assert!(matches!(error, ResendInvitationError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let error = failed(withdraw(&bench, 3, id).await);
    assert!(matches!(error, WithdrawInvitationError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert!(matches!(failed(list(&bench, 3).await), AccessError::Forbidden { .. }));
    assert!(matches!(failed(list(&bench, 8).await), AccessError::NotFound(_)));
    assert!(matches!(failed(resend(&bench, 8, id).await), ResendInvitationError::Access(AccessError::NotFound(_))));
    assert!(matches!(failed(withdraw(&bench, 8, id).await), WithdrawInvitationError::Access(AccessError::NotFound(_))));
}

#[tokio::test]
async fn open_invitations_per_organization_are_limited_s187() {
    let bench = bench().await;
    let open_invitations = OrgQuotas::default().open_invitations.with_maximum(2);
    let orgs = bench.orgs().with_quotas(OrgQuotas { open_invitations, ..OrgQuotas::default() });
    let first = ok(invite_with(&orgs, 1, "one@example.com", Role::Member).await);
    ok(invite_with(&orgs, 1, "two@example.com", Role::Member).await);
    let error = failed(invite_with(&orgs, 1, "three@example.com", Role::Member).await);
    assert!(matches!(error, InviteError::Quota(QuotaExceeded { quota: "open_invitations", maximum: 2 })), "{error:?}");
    // An invitation that replaces another does not add to the count. An expired one does not count.
    ok(invite_with(&orgs, 1, "two@example.com", Role::Admin).await);
    bench.clock.advance(Invitation::TTL);
    ok(invite_with(&orgs, 1, "three@example.com", Role::Member).await);
    ok(invite_with(&orgs, 1, "four@example.com", Role::Member).await);
    let back = orgs.resend_invitation(&actor_of(user_id(1)), organization_id(1), first.id).await;
    assert!(matches!(failed(back), ResendInvitationError::Quota(_)));
}
