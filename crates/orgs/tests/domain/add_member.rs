//! Direct addition of an existing user.

use tessera_kernel::{AccessError, Role};
use tessera_orgs::{
    AddMember, AddMemberError, Candidate, InvitationKey, Invite, JoinByInvitation,
    model::{Member, Membership, Profile},
};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, actor_by_key, actor_of, api_key, application, bare_user, membership, organization, organization_id,
        origin, user, user_id,
    },
    expectations::{failed, ok, parsed},
};
use time::Duration;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1. Users 8 and 9 are not members.
async fn bench() -> Workbench {
    let bench = Workbench::with_organization().await;
    bench.stores.add_users([&user(8)]).await;
    bench
}

async fn add(bench: &Workbench, by: u32, candidate: Candidate, role: Role) -> Result<Member, AddMemberError> {
    let command = AddMember { organization: organization_id(1), candidate, role };
    bench.orgs().add_member(&actor_of(user_id(by)), command).await
}

fn by_id(number: u32) -> Candidate {
    Candidate::User(user_id(number))
}

fn by_email(email: &str) -> Candidate {
    Candidate::Email(parsed(email))
}

async fn role_of(bench: &Workbench, number: u32) -> Option<Role> {
    ok(bench.stores.memberships.role_of(organization_id(1), user_id(number)).await)
}

#[tokio::test]
async fn an_owner_adds_users_with_any_role() {
    for role in [Role::Owner, Role::Admin, Role::Member] {
        let bench = bench().await;
        assert_eq!(ok(add(&bench, 1, by_id(9), role).await).membership.role, role);
        assert_eq!(role_of(&bench, 9).await, Some(role));
    }
}

#[tokio::test]
async fn an_administrator_adds_administrators_and_members() {
    for role in [Role::Admin, Role::Member] {
        let bench = bench().await;
        ok(add(&bench, 2, by_id(9), role).await);
        assert_eq!(role_of(&bench, 9).await, Some(role));
    }
}

#[tokio::test]
async fn an_administrator_adds_no_owner() {
    let bench = bench().await;
    let error = failed(add(&bench, 2, by_id(9), Role::Owner).await);
    assert!(matches!(error, AddMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert_eq!(role_of(&bench, 9).await, None);
}

#[tokio::test]
async fn a_member_cannot_add_users() {
    let bench = bench().await;
    for role in [Role::Owner, Role::Admin, Role::Member] {
        let error = failed(add(&bench, 3, by_id(9), role).await);
        assert!(matches!(error, AddMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn the_organization_is_not_found_for_a_non_member() {
    let error = failed(add(&bench().await, 8, by_id(9), Role::Member).await);
    assert!(matches!(error, AddMemberError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn an_unknown_organization_is_not_found() {
    let bench = bench().await;
    let command = AddMember { organization: organization_id(2), candidate: by_id(9), role: Role::Member };
    let error = failed(bench.orgs().add_member(&actor_of(user_id(1)), command).await);
    assert!(matches!(error, AddMemberError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn an_application_does_not_find_the_organization() {
    let bench = bench().await;
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let command = AddMember { organization: organization_id(1), candidate: by_id(9), role: Role::Member };
    let error = failed(bench.orgs().add_member(&actor_by_key(&key), command).await);
    assert!(matches!(error, AddMemberError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_user_is_found_by_email_in_any_letter_case() {
    let bench = bench().await;
    let added = ok(add(&bench, 1, by_email("USER9@Example.COM"), Role::Member).await);
    assert_eq!(added.membership.user_id, user_id(9));
}

#[tokio::test]
async fn a_new_member_is_shown_with_their_profile() {
    let bench = bench().await;
    bench.clock.advance(Duration::HOUR);
    let added = ok(add(&bench, 1, by_email("user9@example.com"), Role::Member).await);
    let expected = membership(organization_id(1), user_id(9), Role::Member);
    let joined_at = NOW + Duration::HOUR;
    // Visible, because the caller knew the address, and not opened yet.
    let (profile_visible_at, opened_at) = (Some(joined_at), None);
    assert_eq!(added.membership, Membership { joined_at, profile_visible_at, opened_at, ..expected });
    let (email, name) = (user(9).email, user(9).display_name);
    let profile = Profile {
        user_id: user_id(9),
        email: email.map(|email| email.to_string()),
        display_name: name.map(|name| name.to_string()),
    };
    assert_eq!(added.profile, profile);
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let bench = bench().await;
    for candidate in [by_id(77), by_email("unknown@example.com")] {
        let error = failed(add(&bench, 1, candidate, Role::Member).await);
        assert!(matches!(error, AddMemberError::UserNotFound), "{error:?}");
    }
}

#[tokio::test]
async fn an_unverified_email_does_not_find_an_account_s152_s182() {
    let bench = bench().await;
    let mut squatter = user(7);
    (squatter.email, squatter.email_verified) = (Some(parsed("cfo@corp.example")), false);
    bench.stores.add_users([&squatter]).await;
    let error = failed(add(&bench, 1, by_email("cfo@corp.example"), Role::Admin).await);
    assert!(matches!(error, AddMemberError::UserNotFound), "{error:?}");
    assert_eq!(role_of(&bench, 7).await, None);
    let mut tx = ok(bench.stores.identity.begin().await);
    assert!(ok(tx.users().verify_email(user_id(7), NOW).await));
    ok(tx.commit().await);
    ok(add(&bench, 1, by_email("cfo@corp.example"), Role::Admin).await);
    assert_eq!(role_of(&bench, 7).await, Some(Role::Admin));
}

#[tokio::test]
async fn an_address_of_another_mailbox_does_not_find_an_account_s182() {
    let bench = bench().await;
    let mut squatter = user(7);
    squatter.email = Some(parsed("groß@corp.example"));
    bench.stores.add_users([&squatter]).await;
    let error = failed(add(&bench, 1, by_email("gross@corp.example"), Role::Admin).await);
    assert!(matches!(error, AddMemberError::UserNotFound), "{error:?}");
    assert_eq!(role_of(&bench, 7).await, None);
    ok(add(&bench, 1, by_email("GROß@corp.example"), Role::Admin).await);
}

/// Recipient, subject and user who made the addition (the fake puts it into the HTML part) of each mail.
async fn sent_notices(bench: &Workbench) -> Vec<(String, String, String)> {
    let told = bench.mails().await.into_iter();
    told.map(|mail| (mail.recipient.as_str().to_owned(), mail.subject, mail.html.expose().clone())).collect()
}

#[tokio::test]
async fn a_user_added_by_id_or_by_email_is_notified_s162() {
    for candidate in [by_id(9), by_email("user9@example.com")] {
        let bench = bench().await;
        ok(add(&bench, 2, candidate, Role::Admin).await);
        let subject = format!("added to {} as admin", organization(1).name);
        assert_eq!(sent_notices(&bench).await, [("user9@example.com".to_owned(), subject, user_id(2).to_string())]);
        failed(add(&bench, 2, by_id(9), Role::Member).await);
        assert_eq!(sent_notices(&bench).await, []);
    }
    let bench = bench().await;
    bench.stores.add_users([&bare_user(7)]).await;
    ok(add(&bench, 1, by_id(7), Role::Member).await);
    assert_eq!(sent_notices(&bench).await, []);
}

async fn leave(bench: &Workbench, number: u32) {
    ok(bench.orgs().remove_member(&actor_of(user_id(number)), organization_id(1), user_id(number)).await);
}

#[tokio::test]
async fn a_user_who_left_cannot_be_added_for_30_days_s162() {
    let bench = bench().await;
    leave(&bench, 3).await;
    bench.clock.advance(Duration::days(30) - Duration::microseconds(1));
    for candidate in [by_id(3), by_email("user3@example.com")] {
        let error = failed(add(&bench, 1, candidate, Role::Member).await);
        assert!(matches!(error, AddMemberError::UserLeft), "{error:?}");
        assert_eq!(role_of(&bench, 3).await, None);
    }
    assert_eq!(sent_notices(&bench).await, []);
    bench.clock.advance(Duration::microseconds(1));
    ok(add(&bench, 1, by_id(3), Role::Member).await);
}

#[tokio::test]
async fn a_removed_user_can_be_added_again_at_once_s162() {
    let bench = bench().await;
    ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(3)).await);
    ok(add(&bench, 1, by_id(3), Role::Member).await);
}

#[tokio::test]
async fn an_accepted_invitation_clears_the_departure_of_a_user_s162() {
    let bench = bench().await;
    leave(&bench, 3).await;
    let invite = Invite { organization: organization_id(1), email: parsed("user3@example.com"), role: Role::Member };
    ok(bench.orgs().invite(&actor_of(user_id(1)), invite).await);
    let token = parsed(bench.mails().await[0].text.expose());
    let accept = JoinByInvitation {
        invitation: InvitationKey::Token(token),
        user: user_id(3),
        claim: None,
        actor: None,
        origin: origin(),
    };
    ok(bench.orgs().join_by_invitation(accept).await);
    ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(3)).await);
    ok(add(&bench, 1, by_id(3), Role::Member).await);
}

#[tokio::test]
async fn a_caller_without_permission_does_not_learn_which_users_exist() {
    let bench = bench().await;
    let error = failed(add(&bench, 3, by_email("unknown@example.com"), Role::Member).await);
    assert!(matches!(error, AddMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn a_member_keeps_their_role_when_added_again() {
    let bench = bench().await;
    for number in 1..=3 {
        let before = role_of(&bench, number).await;
        let error = failed(add(&bench, 1, by_id(number), Role::Member).await);
        assert!(matches!(error, AddMemberError::AlreadyMember), "{error:?}");
        assert_eq!(role_of(&bench, number).await, before);
    }
}

#[tokio::test]
async fn an_addition_is_audited() {
    let bench = bench().await;
    ok(add(&bench, 2, by_id(9), Role::Admin).await);
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("member.added", Some(user_id(9).as_uuid())));
    assert_eq!(event.actor, Some(("user".to_owned(), user_id(2).as_uuid())));
    assert_eq!(event.details, [("role".to_owned(), "admin".to_owned())]);
}

#[tokio::test]
async fn a_rejected_addition_is_not_audited() {
    let bench = bench().await;
    failed(add(&bench, 2, by_id(9), Role::Owner).await);
    failed(add(&bench, 2, by_id(3), Role::Member).await);
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}
