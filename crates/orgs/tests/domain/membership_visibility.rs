//! Profile visibility after a direct addition by user id: the profile stays hidden until the user makes a request
//! inside the organization.

use tessera_kernel::{PageRequest, Role};
use tessera_orgs::{
    AddMember, Candidate, ChangeRole, InvitationKey, Invite, JoinByInvitation,
    model::{Member, Profile},
};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, actor_with, organization_id, origin, replace, session, user, user_id},
    expectations::{failed, ok, parsed, some},
};
use time::{Duration, OffsetDateTime};

/// User 1 owns organization 1, user 2 is its administrator, and user 9 was added by id with the given role.
async fn bench(role: Role) -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin]).await;
    bench.stores.add_users([&user(9)]).await;
    ok(add(&bench, Candidate::User(user_id(9)), role).await);
    bench
}

async fn add(bench: &Workbench, candidate: Candidate, role: Role) -> Result<Member, tessera_orgs::AddMemberError> {
    let command = AddMember { organization: organization_id(1), candidate, role };
    let mut session = session(1, user_id(1));
    session.created_at = tessera_kernel::Clock::now(&*bench.clock);
    session.authenticated_at = session.created_at;
    bench.orgs().add_member(&actor_with(&session), command).await
}

/// The profile of user 9 that user `by` sees. The list and the single member must be equal.
async fn seen(bench: &Workbench, by: u32) -> Profile {
    let actor = actor_of(user_id(by));
    let listed = ok(bench.orgs().list_members(&actor, organization_id(1), PageRequest::default()).await).items;
    let listed = some(listed.into_iter().find(|member| member.membership.user_id == user_id(9)));
    assert_eq!(ok(bench.orgs().view_member(&actor, organization_id(1), user_id(9)).await), listed);
    listed.profile
}

fn whole() -> Profile {
    let display_name = user(9).display_name.map(|name| name.to_string());
    Profile { user_id: user_id(9), email: user(9).email.map(|email| email.to_string()), display_name }
}

async fn visible_at(bench: &Workbench) -> Option<OffsetDateTime> {
    some(ok(bench.stores.orgs.find_membership(organization_id(1), user_id(9)).await)).profile_visible_at
}

#[tokio::test]
async fn a_user_added_by_id_has_a_hidden_profile_s162() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin]).await;
    bench.stores.add_users([&user(9)]).await;
    let added = ok(add(&bench, Candidate::User(user_id(9)), Role::Member).await);
    assert_eq!(added.profile, Profile::hidden(user_id(9)));
    let change = ChangeRole { organization: organization_id(1), user: user_id(9), role: Role::Admin };
    let changed = ok(bench.orgs().change_role(&actor_of(user_id(1)), change).await);
    assert_eq!((changed.membership.role, changed.profile), (Role::Admin, Profile::hidden(user_id(9))));
    for by in [1, 2] {
        assert_eq!(seen(&bench, by).await, Profile::hidden(user_id(9)));
    }
    assert_eq!(visible_at(&bench).await, None);
    // Users see their own profile. This is the first request of user 9 inside the organization.
    bench.clock.advance(Duration::HOUR);
    assert_eq!(seen(&bench, 9).await, whole());
    assert_eq!(seen(&bench, 1).await, whole());
    bench.clock.advance(Duration::HOUR);
    seen(&bench, 9).await;
    assert_eq!(visible_at(&bench).await, Some(NOW + Duration::HOUR));
}

#[tokio::test]
async fn a_repeated_addition_hides_the_profile_again_s162() {
    let bench = bench(Role::Member).await;
    assert_eq!(seen(&bench, 9).await, whole());
    ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(9)).await);
    ok(add(&bench, Candidate::User(user_id(9)), Role::Member).await);
    assert_eq!(seen(&bench, 1).await, Profile::hidden(user_id(9)));
}

#[tokio::test]
async fn a_user_added_by_email_or_invitation_has_a_visible_profile() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin]).await;
    bench.stores.add_users([&user(9)]).await;
    let added = ok(add(&bench, Candidate::Email(parsed("user9@example.com")), Role::Member).await);
    assert_eq!((added.profile, seen(&bench, 1).await), (whole(), whole()));
    ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(9)).await);
    drop(bench.mails().await);
    let invite = Invite { organization: organization_id(1), email: parsed("user9@example.com"), role: Role::Member };
    ok(bench.orgs().invite(&actor_of(user_id(1)), invite).await);
    let mails = bench.mails().await;
    let invitation = some(mails.iter().find(|mail| mail.text.expose().len() == 43));
    let token = parsed(invitation.text.expose());
    let accept = JoinByInvitation {
        invitation: InvitationKey::Token(token),
        user: user_id(9),
        claim: None,
        actor: None,
        origin: origin(),
    };
    ok(bench.orgs().join_by_invitation(accept).await);
    assert_eq!(seen(&bench, 1).await, whole());
}

#[tokio::test]
async fn a_request_of_the_user_in_the_organization_shows_the_profile_s162() {
    for request in 0..9 {
        let bench = bench(Role::Admin).await;
        let (orgs, actor, id) = (bench.orgs(), actor_of(user_id(9)), organization_id(1));
        match request {
            0 => drop(ok(orgs.view_organization(&actor, id).await)),
            1 => drop(ok(orgs.view_settings(&actor, id).await)),
            2 => drop(ok(orgs.list_invitations(&actor, id, PageRequest::default()).await)),
            3 => drop(ok(orgs.list_system_data(&actor, id, PageRequest::default()).await)),
            4 => {
                let invite = Invite { organization: id, email: parsed("guest@example.com"), role: Role::Member };
                drop(ok(orgs.invite(&actor, invite).await));
            }
            5 => drop(ok(orgs.update_settings(&actor, id, replace("{}")).await)),
            6 => drop(ok(orgs.write_system_data(&actor, id, user_id(2), replace("{}")).await)),
            7 => {
                let change = ChangeRole { organization: id, user: user_id(2), role: Role::Member };
                drop(ok(orgs.change_role(&actor, change).await));
            }
            _ => ok(orgs.remove_member(&actor, id, user_id(2)).await),
        }
        assert!(visible_at(&bench).await.is_some(), "request {request}");
    }
}

#[tokio::test]
async fn requests_of_other_users_do_not_show_the_profile_s162() {
    let bench = bench(Role::Member).await;
    let outsider = actor_of(user_id(9));
    failed(bench.orgs().view_organization(&outsider, organization_id(2)).await);
    seen(&bench, 1).await;
    seen(&bench, 2).await;
    assert_eq!(visible_at(&bench).await, None);
}

#[tokio::test]
async fn a_mail_about_a_new_owner_does_not_name_a_hidden_user_s162() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Owner]).await;
    bench.stores.add_users([&user(9)]).await;
    for (candidate, named) in
        [(Candidate::User(user_id(9)), false), (Candidate::Email(parsed("user9@example.com")), true)]
    {
        ok(add(&bench, candidate, Role::Owner).await);
        let mails = bench.mails().await;
        let others: Vec<_> = mails.iter().filter(|mail| mail.subject.starts_with("another")).collect();
        assert_eq!(others.len(), 2);
        for mail in others {
            assert_eq!(
                mail.subject.contains(whole().display_name.as_deref().unwrap_or("?")),
                named,
                "{}",
                mail.subject
            );
        }
        ok(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(1), user_id(9)).await);
    }
}
