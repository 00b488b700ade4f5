//! Mails to owners about a new owner.

use tessera_kernel::{Clock as _, Role};
use tessera_orgs::{AddMember, Candidate, ChangeRole, InvitationKey, Invite, JoinByInvitation};
use tessera_outbox::Notices;
use tessera_testkit::{
    Workbench,
    builders::{
        actor_of, actor_with, bare_user, membership, organization, organization_id, origin, session, user, user_id,
    },
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

use Role::{Admin, Member as Plain, Owner};

async fn promote(bench: &Workbench, who: u32) {
    let command = ChangeRole { organization: organization_id(1), user: user_id(who), role: Owner };
    // The session has a recent authentication.
    let mut session = session(1, user_id(1));
    session.created_at = bench.clock.now();
    session.authenticated_at = session.created_at;
    ok(bench.orgs().change_role(&actor_with(&session), command).await);
}

/// Recipient, subject and user who made the change, of the mails since the last call.
async fn sent_notices(bench: &Workbench) -> Vec<(String, String, String)> {
    let mails = bench.mails().await.into_iter();
    let mut told: Vec<_> =
        mails.map(|mail| (mail.recipient.as_str().to_owned(), mail.subject, mail.html.expose().clone())).collect();
    told.sort();
    told
}

/// The expected notices to user `of` and to the other owners.
fn expected(of: u32, others: &[u32], by: Option<u32>) -> Vec<(String, String, String)> {
    let address = |number: u32| some(user(number).email).as_str().to_owned();
    let by = by.map(|by| user_id(by).to_string()).unwrap_or_default();
    let name = organization(1).name;
    let own = (address(of), format!("you own {name}"), by.clone());
    let others = others
        .iter()
        .map(|other| (address(*other), format!("another owns {name}: {}", some(user(of).display_name)), by.clone()));
    let mut all: Vec<_> = others.chain([own]).collect();
    all.sort();
    all
}

#[tokio::test]
async fn all_owners_are_notified_of_a_promoted_owner_s153_s200() {
    let bench = Workbench::with_members(&[Owner, Owner, Admin, Plain]).await;
    promote(&bench, 3).await;
    assert_eq!(sent_notices(&bench).await, expected(3, &[1, 2], Some(1)));
    // A user who is already an owner causes no notice.
    promote(&bench, 3).await;
    let down = ChangeRole { organization: organization_id(1), user: user_id(3), role: Admin };
    ok(bench.orgs().change_role(&actor_of(user_id(1)), down).await);
    assert_eq!(sent_notices(&bench).await, []);
}

#[tokio::test]
async fn all_owners_are_notified_of_a_directly_added_owner_s200() {
    let bench = Workbench::with_members(&[Owner, Admin]).await;
    let add = |role| AddMember { organization: organization_id(1), candidate: Candidate::User(user_id(9)), role };
    failed(bench.orgs().add_member(&actor_of(user_id(2)), add(Owner)).await);
    assert_eq!(sent_notices(&bench).await, []);
    ok(bench.orgs().add_member(&actor_of(user_id(1)), add(Owner)).await);
    let mut named = expected(9, &[1], Some(1));
    for (_, subject, _) in &mut named {
        // The user was added by id, so the other owners do not learn the name yet.
        subject.truncate(subject.find(": ").unwrap_or(subject.len()));
    }
    assert_eq!(sent_notices(&bench).await, named);
    failed(bench.orgs().add_member(&actor_of(user_id(1)), add(Owner)).await);
    assert_eq!(sent_notices(&bench).await, []);
}

#[tokio::test]
async fn all_owners_are_notified_of_an_invited_owner_s200() {
    for (role, owners) in [(Owner, 2), (Admin, 0)] {
        let bench = Workbench::with_members(&[Owner]).await;
        let invite = Invite { organization: organization_id(1), email: some(user(9).email), role };
        ok(bench.orgs().invite(&actor_of(user_id(1)), invite).await);
        let token = parsed(some(bench.mails().await.pop()).text.expose());
        let accept = JoinByInvitation {
            invitation: InvitationKey::Token(token),
            user: user_id(9),
            claim: None,
            actor: None,
            origin: origin(),
        };
        ok(bench.orgs().join_by_invitation(accept).await);
        let told = sent_notices(&bench).await;
        assert_eq!(told.len(), owners);
        assert!(told.is_empty() || told == expected(9, &[1], Some(1)), "{told:?}");
    }
}

#[tokio::test]
async fn a_new_owner_without_an_email_is_not_notified_s200() {
    let bench = Workbench::with_members(&[Owner, Plain]).await;
    bench.stores.add_users([&bare_user(7)]).await;
    bench.stores.add_memberships([&membership(organization_id(1), user_id(7), Plain)]).await;
    promote(&bench, 7).await;
    let told = sent_notices(&bench).await;
    assert_eq!(told.iter().map(|(to, ..)| to.clone()).collect::<Vec<_>>(), [some(user(1).email).as_str()]);
}

#[tokio::test]
async fn owner_notices_are_limited_per_address_and_per_change_s200() {
    let bench = Workbench::new();
    bench.members(&[Owner]).await;
    let many: Vec<_> = (101..=160).map(user).collect();
    bench.stores.add_users(&many).await;
    let all = many.iter().map(|user| membership(organization_id(1), user.id, Plain));
    bench.stores.add_memberships(&all.collect::<Vec<_>>()).await;
    let promote_in_turn = async |numbers: std::ops::RangeInclusive<u32>| {
        for number in numbers {
            promote(&bench, number).await;
            bench.clock.advance(Duration::SECOND);
        }
        bench.mails().await
    };
    let (first, mails) = (some(user(1).email), promote_in_turn(101..=110).await);
    let to_first: Vec<&str> =
        mails.iter().filter(|mail| mail.recipient == first).map(|mail| mail.text.expose().as_str()).collect();
    assert_eq!(to_first, ["", "", "", "", "last"]);
    let before = mails.len() + promote_in_turn(111..=159).await.len();
    bench.clock.advance(Notices::WINDOW);
    // The earlier mails were not delivered, so they are returned again.
    let mails = promote_in_turn(160..=160).await;
    assert_eq!(mails.len(), before + 50);
    assert!(mails.iter().any(|mail| mail.recipient == some(user(160).email)));
}

/// The number of mails to user 9 since the last call.
async fn mails_to_user_9(bench: &Workbench) -> usize {
    let address = some(user(9).email);
    bench.mails().await.iter().filter(|mail| mail.recipient == address).count()
}

#[tokio::test]
async fn notices_of_unopened_organizations_are_counted_separately_s200() {
    for by_email in [false, true] {
        // User 9 owns organization 2. User 1 is not a member of it.
        let bench = Workbench::with_members(&[Owner]).await;
        bench.stores.add_users(&(10..=20).map(user).collect::<Vec<_>>()).await;
        bench.stores.add_organizations([&organization(2)]).await;
        let own = [(9, Owner), (20, Plain)].map(|(who, role)| membership(organization_id(2), user_id(who), role));
        bench.stores.add_memberships(&own).await;
        let candidate = if by_email { Candidate::Email(some(user(9).email)) } else { Candidate::User(user_id(9)) };
        let add = |candidate| AddMember { organization: organization_id(1), candidate, role: Owner };
        ok(bench.orgs().add_member(&actor_of(user_id(1)), add(candidate)).await);
        for number in 10..=19 {
            ok(bench.orgs().add_member(&actor_of(user_id(1)), add(Candidate::User(user_id(number)))).await);
        }
        assert_eq!(mails_to_user_9(&bench).await, Notices::MOST as usize);
        // All of them were counted in a pool of their own.
        let promote = ChangeRole { organization: organization_id(2), user: user_id(20), role: Owner };
        ok(bench.orgs().change_role(&actor_of(user_id(9)), promote).await);
        assert_eq!(mails_to_user_9(&bench).await, 1);
    }
}
