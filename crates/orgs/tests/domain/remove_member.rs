//! Removal and departure of members.

use tessera_kernel::{AccessError, Role};
use tessera_orgs::RemoveMemberError;
use tessera_testkit::{
    Workbench,
    builders::{actor_of, key_actor, organization_id, user_id},
    expectations::{failed, ok},
};

use Role::{Admin, Member, Owner};

async fn remove(bench: &Workbench, by: u32, whom: u32) -> Result<(), RemoveMemberError> {
    bench.orgs().remove_member(&actor_of(user_id(by)), organization_id(1), user_id(whom)).await
}

async fn role_of(bench: &Workbench, number: u32) -> Option<Role> {
    ok(bench.stores.memberships.role_of(organization_id(1), user_id(number)).await)
}

#[tokio::test]
async fn an_owner_removes_anybody() {
    for role in [Owner, Admin, Member] {
        let bench = Workbench::with_members(&[Owner, role]).await;
        ok(remove(&bench, 1, 2).await);
        assert_eq!((role_of(&bench, 1).await, role_of(&bench, 2).await), (Some(Owner), None));
    }
}

#[tokio::test]
async fn an_administrator_removes_administrators_and_members() {
    for role in [Admin, Member] {
        let bench = Workbench::with_members(&[Owner, Admin, role]).await;
        ok(remove(&bench, 2, 3).await);
        assert_eq!(role_of(&bench, 3).await, None);
    }
}

#[tokio::test]
async fn an_administrator_removes_no_owner() {
    let bench = Workbench::with_members(&[Owner, Admin, Owner]).await;
    let error = failed(remove(&bench, 2, 3).await);
    assert!(matches!(error, RemoveMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert_eq!(role_of(&bench, 3).await, Some(Owner));
}

#[tokio::test]
async fn a_member_removes_nobody_else() {
    let bench = Workbench::with_members(&[Owner, Admin, Member, Member]).await;
    for whom in [1, 2, 4] {
        let error = failed(remove(&bench, 3, whom).await);
        assert!(matches!(error, RemoveMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_member_does_not_learn_who_else_is_one() {
    let error = failed(remove(&Workbench::with_members(&[Owner, Member]).await, 2, 9).await);
    assert!(matches!(error, RemoveMemberError::Access(AccessError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn anybody_may_leave() {
    for role in [Owner, Admin, Member] {
        let bench = Workbench::with_members(&[Owner, role]).await;
        ok(remove(&bench, 2, 2).await);
        assert_eq!(role_of(&bench, 2).await, None);
    }
}

#[tokio::test]
async fn the_last_owner_may_not_leave() {
    let bench = Workbench::with_members(&[Owner, Admin, Member]).await;
    let error = failed(remove(&bench, 1, 1).await);
    assert!(matches!(error, RemoveMemberError::LastOwner), "{error:?}");
    assert_eq!(role_of(&bench, 1).await, Some(Owner));
}

#[tokio::test]
async fn the_organization_is_not_found_for_a_non_member() {
    let bench = Workbench::with_members(&[Owner, Member]).await;
    for whom in [1, 2, 9] {
        let error = failed(remove(&bench, 9, whom).await);
        assert!(matches!(error, RemoveMemberError::Access(AccessError::NotFound(_))), "{error:?}");
    }
}

#[tokio::test]
async fn an_unknown_organization_is_not_found() {
    let bench = Workbench::with_members(&[Owner]).await;
    let error = failed(bench.orgs().remove_member(&actor_of(user_id(1)), organization_id(2), user_id(1)).await);
    assert!(matches!(error, RemoveMemberError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn an_application_does_not_find_the_organization() {
    let bench = Workbench::with_members(&[Owner, Member]).await;
    let actor = key_actor();
    let error = failed(bench.orgs().remove_member(&actor, organization_id(1), user_id(2)).await);
    assert!(matches!(error, RemoveMemberError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn somebody_who_is_no_member_is_not_removed() {
    let error = failed(remove(&Workbench::with_members(&[Owner]).await, 1, 9).await);
    assert!(matches!(error, RemoveMemberError::MemberNotFound), "{error:?}");
}

#[tokio::test]
async fn a_member_who_left_finds_nothing_to_leave() {
    let bench = Workbench::with_members(&[Owner, Member]).await;
    ok(remove(&bench, 2, 2).await);
    let error = failed(remove(&bench, 2, 2).await);
    assert!(matches!(error, RemoveMemberError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_removal_is_announced_with_the_role_that_ended() {
    let bench = Workbench::with_members(&[Owner, Admin]).await;
    ok(remove(&bench, 1, 2).await);
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("member.removed", Some(user_id(2).as_uuid())));
    assert_eq!(event.details, [("role".to_owned(), "admin".to_owned())]);
}

#[tokio::test]
async fn a_refused_removal_is_not_announced() {
    let bench = Workbench::with_members(&[Owner, Admin]).await;
    failed(remove(&bench, 2, 1).await);
    failed(remove(&bench, 1, 1).await);
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}
