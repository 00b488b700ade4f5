//! Rate limits of direct additions and of invitations.

use tessera_kernel::{AccessError, InvitationId, OrganizationId, RateLimit, RateLimited, Role, limit};
use tessera_orgs::{
    AddMember, AddMemberError, Candidate, InvitationKey, Invite, InviteError, JoinByInvitation, ResendInvitationError,
    limits::SenderKind,
};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, bare_user, membership, organization, organization_id, origin, user, user_id},
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

const VICTIM: &str = "victim@example.com";

/// Users 1, 2 and 3 are owner, administrator and member of organization 1. Their addresses are verified.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member]).await;
    bench
}

/// Adds a user with a verified or unverified address, and an organization with the same number that the user owns.
async fn add_sender(bench: &Workbench, number: u32, verified: bool) {
    let mut sender = user(number);
    sender.email_verified = verified;
    bench.stores.add_users([&sender]).await;
    add_organization(bench, number, number).await;
}

/// Adds an organization with the given owner.
async fn add_organization(bench: &Workbench, number: u32, owner: u32) {
    bench.stores.add_organizations([&organization(number)]).await;
    bench.stores.add_memberships([&membership(organization_id(number), user_id(owner), Role::Owner)]).await;
}

async fn invite(bench: &Workbench, by: u32, to: OrganizationId, email: &str) -> Result<InvitationId, InviteError> {
    let command = Invite { organization: to, email: parsed(email), role: Role::Member };
    bench.orgs().invite(&actor_of(user_id(by)), command).await.map(|(invitation, _)| invitation.id)
}

async fn resend(bench: &Workbench, by: u32, id: InvitationId) -> Result<(), ResendInvitationError> {
    bench.orgs().resend_invitation(&actor_of(user_id(by)), organization_id(1), id).await.map(|_| ())
}

async fn add(bench: &Workbench, by: u32, candidate: Candidate) -> Result<(), AddMemberError> {
    let command = AddMember { organization: organization_id(1), candidate, role: Role::Member };
    bench.orgs().add_member(&actor_of(user_id(by)), command).await.map(|_| ())
}

/// The limit that rejected an invitation, or `None` if it was sent.
fn rejected(outcome: Result<InvitationId, InviteError>) -> Option<RateLimited> {
    match outcome {
        Ok(_) => None,
        Err(InviteError::RateLimited(limited)) => Some(limited),
        Err(error) => panic!("{error:?}"),
    }
}

fn limit_of(outcome: Result<InvitationId, InviteError>) -> Option<RateLimit> {
    rejected(outcome).map(|limited| limited.limit)
}

/// Lets a new user accept an invitation into the organization, which makes it an established one.
async fn establish(bench: &Workbench, organization: u32, by: u32, invitee: u32) {
    let invitee = user(invitee);
    bench.stores.add_users([&invitee]).await;
    let address = some(invitee.email.clone());
    ok(invite(bench, by, organization_id(organization), address.as_str()).await);
    let mails = bench.mails().await;
    let mail = some(mails.iter().rfind(|mail| mail.recipient == address));
    let token = parsed(mail.text.expose());
    let accept = JoinByInvitation {
        invitation: InvitationKey::Token(token),
        user: invitee.id,
        claim: None,
        actor: None,
        origin: origin(),
    };
    ok(bench.orgs().join_by_invitation(accept).await);
}

#[tokio::test]
async fn direct_additions_are_limited_per_caller_whatever_their_outcome() {
    let bench = bench().await;
    bench.stores.add_users([&user(9)]).await;
    // Calls without permission are not counted, because they disclose nothing.
    for _ in 0..=limit::ADD_MEMBER.quota {
        let error = failed(add(&bench, 3, Candidate::Email(parsed("user9@example.com"))).await);
        assert!(matches!(error, AddMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
    ok(add(&bench, 2, Candidate::Email(parsed("user9@example.com"))).await);
    for number in 1..limit::ADD_MEMBER.quota {
        let (member, unknown) = (Candidate::User(user_id(1)), Candidate::Email(parsed("unknown@example.com")));
        let error = failed(add(&bench, 2, if number % 2 == 0 { member } else { unknown }).await);
        assert!(matches!(error, AddMemberError::AlreadyMember | AddMemberError::UserNotFound), "{error:?}");
    }
    bench.clock.advance(Duration::minutes(1));
    // The response is the same for known and unknown addresses.
    for email in ["user9@example.com", "unknown@example.com"] {
        let error = failed(add(&bench, 2, Candidate::Email(parsed(email))).await);
        let AddMemberError::RateLimited(limited) = error else { panic!("{error:?}") };
        assert_eq!((limited.limit, limited.retry_after), (limit::ADD_MEMBER, Duration::minutes(59)));
    }
    let error = failed(add(&bench, 1, Candidate::Email(parsed("unknown@example.com"))).await);
    assert!(matches!(error, AddMemberError::UserNotFound), "{error:?}");
    bench.clock.advance(Duration::minutes(59));
    let error = failed(add(&bench, 2, Candidate::Email(parsed("unknown@example.com"))).await);
    assert!(matches!(error, AddMemberError::UserNotFound), "{error:?}");
}

#[tokio::test]
async fn invitations_per_inviter_are_limited_over_all_organizations_s187() {
    let bench = bench().await;
    add_organization(&bench, 2, 1).await;
    let first = ok(invite(&bench, 1, organization_id(1), "guest0@example.com").await);
    // Failed and resent invitations count too.
    let error = failed(invite(&bench, 1, organization_id(1), "user2@example.com").await);
    assert!(matches!(error, InviteError::AlreadyMember), "{error:?}");
    ok(resend(&bench, 1, first).await);
    for number in 3..limit::INVITE.quota {
        let organization = organization_id(1 + number % 2);
        ok(invite(&bench, 1, organization, &format!("guest{number}@example.com")).await);
    }
    for organization in [organization_id(1), organization_id(2)] {
        assert_eq!(limit_of(invite(&bench, 1, organization, "other@example.com").await), Some(limit::INVITE));
    }
    let error = failed(resend(&bench, 1, first).await);
    assert!(
        matches!(error, ResendInvitationError::RateLimited(limited) if limited.limit == limit::INVITE),
        "{error:?}"
    );
    ok(resend(&bench, 2, first).await);
    bench.clock.advance(limit::INVITE.window);
    ok(invite(&bench, 1, organization_id(1), "other@example.com").await);
}

#[tokio::test]
async fn an_inviter_without_a_verified_email_has_a_lower_limit_s187() {
    let mut unverified = user(7);
    unverified.email_verified = false;
    for inviter in [unverified, bare_user(7)] {
        let bench = bench().await;
        bench.stores.add_users([&inviter]).await;
        for number in 71..=75 {
            add_organization(&bench, number, 7).await;
            ok(invite(&bench, 7, organization_id(number), &format!("guest{number}@example.com")).await);
        }
        let refused = rejected(invite(&bench, 7, organization_id(71), "other@example.com").await);
        assert_eq!(
            refused,
            Some(RateLimited { limit: limit::INVITE_UNVERIFIED, retry_after: Duration::HOUR, first: true })
        );
        assert_eq!((limit::INVITE_UNVERIFIED.shown_as, limit::INVITE_UNVERIFIED.quota), ("invite", 5));
        assert_eq!(bench.mails().await.len(), 5);
    }
}

#[tokio::test]
async fn invitations_per_sender_and_address_are_limited_s187() {
    let bench = bench().await;
    add_organization(&bench, 2, 1).await;
    let id = ok(invite(&bench, 1, organization_id(1), VICTIM).await);
    ok(invite(&bench, 1, organization_id(2), "Victim@Example.com").await);
    for _ in 0..3 {
        bench.clock.advance(Duration::hours(1));
        ok(resend(&bench, 1, id).await);
    }
    // The inviter has reached the limit in all organizations, but another inviter of the organization has not.
    for (organization, first) in [(organization_id(1), true), (organization_id(2), false)] {
        let expected = RateLimited { limit: limit::INVITE_ADDRESS, retry_after: Duration::hours(21), first };
        assert_eq!(rejected(invite(&bench, 1, organization, VICTIM).await), Some(expected));
    }
    ok(resend(&bench, 2, id).await);
    // Now the organization has reached the limit for every inviter.
    assert_eq!(limit_of(invite(&bench, 2, organization_id(1), VICTIM).await), Some(limit::INVITE_ADDRESS));
    ok(invite(&bench, 1, organization_id(1), "other@example.com").await);
    bench.clock.advance(Duration::hours(21));
    ok(resend(&bench, 1, id).await);
}

#[tokio::test]
async fn mails_to_an_address_from_unverified_senders_are_limited_s34() {
    let bench = bench().await;
    let mut sent = 0;
    for number in 101..=120 {
        add_sender(&bench, number, false).await;
        let limit = limit_of(invite(&bench, number, organization_id(number), VICTIM).await);
        assert!(limit.is_none_or(|limit| limit == SenderKind::Unverified.pool()), "{limit:?}");
        sent += u32::from(limit.is_none());
    }
    assert_eq!(sent, SenderKind::Unverified.pool().quota);
    // The response does not reveal when the first mail of the pool was sent.
    bench.clock.advance(Duration::HOUR);
    let refused = some(rejected(invite(&bench, 120, organization_id(120), VICTIM).await));
    assert_eq!(refused.retry_after, Duration::DAY);
    bench.clock.advance(Duration::hours(23));
    ok(invite(&bench, 120, organization_id(120), VICTIM).await);
}

#[tokio::test]
async fn other_senders_do_not_use_the_limit_of_an_established_organization() {
    let bench = bench().await;
    establish(&bench, 1, 1, 50).await;
    // Five throw-away organizations of one account do not use up even the pool of their own kind.
    add_sender(&bench, 100, true).await;
    for number in 101..=105 {
        add_organization(&bench, number, 100).await;
        for _ in 0..5 {
            let limit = limit_of(invite(&bench, 100, organization_id(number), VICTIM).await);
            assert!(limit.is_none_or(|limit| limit == limit::INVITE_ADDRESS), "{limit:?}");
        }
    }
    add_sender(&bench, 106, true).await;
    ok(invite(&bench, 106, organization_id(106), VICTIM).await);
    // Many accounts use up the pools of their own kinds, but never the pool of established organizations.
    for (number, verified) in (201..=204).map(|number| (number, number % 2 == 0)) {
        add_sender(&bench, number, verified).await;
        for _ in 0..5 {
            let _spent = invite(&bench, number, organization_id(number), VICTIM).await;
        }
    }
    for (number, verified, kind) in [(205, false, SenderKind::Unverified), (206, true, SenderKind::New)] {
        add_sender(&bench, number, verified).await;
        assert_eq!(limit_of(invite(&bench, number, organization_id(number), VICTIM).await), Some(kind.pool()));
    }
    for _ in 0..5 {
        ok(invite(&bench, 2, organization_id(1), VICTIM).await);
    }
}

#[tokio::test]
async fn mails_to_an_address_from_established_organizations_are_limited_s34() {
    let bench = bench().await;
    let quota = SenderKind::Established.pool().quota;
    for number in 1..=quota + 1 {
        let (owner, invitee) = (100 + number, 200 + number);
        add_sender(&bench, owner, true).await;
        establish(&bench, owner, owner, invitee).await;
        let expected = (number > quota).then(|| SenderKind::Established.pool());
        assert_eq!(limit_of(invite(&bench, owner, organization_id(owner), VICTIM).await), expected, "{number}");
    }
}
