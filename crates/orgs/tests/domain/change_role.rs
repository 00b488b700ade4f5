//! Role changes of members.

use std::sync::Arc;

use tessera_kernel::{AccessError, Role, UserId};
use tessera_orgs::{ChangeRole, ChangeRoleError, Orgs, model::Member};
use tessera_testkit::{
    Workbench,
    builders::{actor_by_key, actor_of, api_key, application, organization_id, user_id},
    expectations::{failed, ok},
};

use Role::{Admin, Member as Plain, Owner};

fn command(of: u32, role: Role) -> ChangeRole {
    ChangeRole { organization: organization_id(1), user: user_id(of), role }
}

async fn change(bench: &Workbench, by: u32, of: u32, role: Role) -> Result<Member, ChangeRoleError> {
    bench.orgs().change_role(&actor_of(user_id(by)), command(of, role)).await
}

async fn role_of(bench: &Workbench, number: u32) -> Option<Role> {
    ok(bench.stores.memberships.role_of(organization_id(1), user_id(number)).await)
}

#[tokio::test]
async fn an_owner_gives_anybody_any_role() {
    for from in [Owner, Admin, Plain] {
        for to in [Owner, Admin, Plain] {
            let bench = Workbench::with_members(&[Owner, from]).await;
            assert_eq!(ok(change(&bench, 1, 2, to).await).membership.role, to);
            assert_eq!(role_of(&bench, 2).await, Some(to));
        }
    }
}

#[tokio::test]
async fn an_administrator_moves_members_and_administrators_up_to_their_own_role() {
    for (from, to) in [(Plain, Admin), (Admin, Plain), (Plain, Plain), (Admin, Admin)] {
        let bench = Workbench::with_members(&[Owner, Admin, from]).await;
        ok(change(&bench, 2, 3, to).await);
        assert_eq!(role_of(&bench, 3).await, Some(to));
    }
}

#[tokio::test]
async fn an_administrator_grants_no_ownership() {
    for from in [Plain, Admin] {
        let bench = Workbench::with_members(&[Owner, Admin, from]).await;
        let error = failed(change(&bench, 2, 3, Owner).await);
        assert!(matches!(error, ChangeRoleError::Access(AccessError::Forbidden { .. })), "{error:?}");
        assert_eq!(role_of(&bench, 3).await, Some(from));
    }
}

#[tokio::test]
async fn an_administrator_does_not_promote_themselves() {
    let bench = Workbench::with_members(&[Owner, Admin]).await;
    let error = failed(change(&bench, 2, 2, Owner).await);
    assert!(matches!(error, ChangeRoleError::Access(AccessError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn an_administrator_touches_no_owner() {
    for to in [Owner, Admin, Plain] {
        let bench = Workbench::with_members(&[Owner, Admin, Owner]).await;
        let error = failed(change(&bench, 2, 3, to).await);
        assert!(matches!(error, ChangeRoleError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_member_changes_nobody_and_not_themselves() {
    let bench = Workbench::with_members(&[Owner, Admin, Plain, Plain]).await;
    for of in 1..=4 {
        let error = failed(change(&bench, 3, of, Admin).await);
        assert!(matches!(error, ChangeRoleError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_member_does_not_learn_who_else_is_one() {
    let error = failed(change(&Workbench::with_members(&[Owner, Plain]).await, 2, 9, Plain).await);
    assert!(matches!(error, ChangeRoleError::Access(AccessError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn the_last_owner_is_not_demoted() {
    for to in [Admin, Plain] {
        let bench = Workbench::with_members(&[Owner, Admin, Plain]).await;
        let error = failed(change(&bench, 1, 1, to).await);
        assert!(matches!(error, ChangeRoleError::LastOwner), "{error:?}");
        assert_eq!(role_of(&bench, 1).await, Some(Owner));
    }
}

#[tokio::test]
async fn the_last_owner_may_stay_what_they_are() {
    let bench = Workbench::with_members(&[Owner]).await;
    assert_eq!(ok(change(&bench, 1, 1, Owner).await).membership.role, Owner);
}

#[tokio::test]
async fn one_of_two_owners_may_step_down() {
    let bench = Workbench::with_members(&[Owner, Owner]).await;
    ok(change(&bench, 1, 1, Plain).await);
    assert_eq!((role_of(&bench, 1).await, role_of(&bench, 2).await), (Some(Plain), Some(Owner)));
}

#[tokio::test]
async fn the_organization_is_not_found_for_a_non_member() {
    let error = failed(change(&Workbench::with_members(&[Owner]).await, 9, 1, Plain).await);
    assert!(matches!(error, ChangeRoleError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn an_unknown_organization_is_not_found() {
    let bench = Workbench::with_members(&[Owner]).await;
    let command = ChangeRole { organization: organization_id(2), ..command(1, Plain) };
    let error = failed(bench.orgs().change_role(&actor_of(user_id(1)), command).await);
    assert!(matches!(error, ChangeRoleError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn an_application_does_not_find_the_organization() {
    let bench = Workbench::with_members(&[Owner, Plain]).await;
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(bench.orgs().change_role(&actor_by_key(&key), command(2, Admin)).await);
    assert!(matches!(error, ChangeRoleError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn somebody_who_is_no_member_has_no_role_to_change() {
    let error = failed(change(&Workbench::with_members(&[Owner]).await, 1, 9, Plain).await);
    assert!(matches!(error, ChangeRoleError::MemberNotFound), "{error:?}");
}

#[tokio::test]
async fn a_changed_member_is_shown_with_their_profile() {
    let member = ok(change(&Workbench::with_members(&[Owner, Plain]).await, 1, 2, Admin).await);
    assert_eq!(member.profile.user_id, user_id(2));
    assert_eq!(member.profile.email.as_deref(), Some("user2@example.com"));
}

#[tokio::test]
async fn a_change_is_announced_with_both_roles() {
    let bench = Workbench::with_members(&[Owner, Plain]).await;
    ok(change(&bench, 1, 2, Admin).await);
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("member.role_changed", Some(user_id(2).as_uuid())));
    let roles = [("from", "member"), ("to", "admin")].map(|(key, role)| (key.to_owned(), role.to_owned()));
    assert_eq!(event.details, roles);
}

#[tokio::test]
async fn the_same_role_again_is_not_announced() {
    let bench = Workbench::with_members(&[Owner, Plain]).await;
    ok(change(&bench, 1, 2, Plain).await);
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_owners_who_step_down_at_once_leave_one() {
    async fn step_down(orgs: Arc<Orgs>, user: UserId) -> bool {
        let command = ChangeRole { organization: organization_id(1), user, role: Plain };
        match orgs.change_role(&actor_of(user), command).await {
            Ok(_) => true,
            Err(error) => !matches!(error, ChangeRoleError::LastOwner),
        }
    }
    let bench = Workbench::with_members(&[Owner; 8]).await;
    let orgs = Arc::new(bench.orgs());
    let tasks: Vec<_> = (1..=8).map(|number| tokio::spawn(step_down(orgs.clone(), user_id(number)))).collect();
    let mut done = 0;
    for task in tasks {
        done += usize::from(ok(task.await));
    }
    assert_eq!(done, 7);
}
