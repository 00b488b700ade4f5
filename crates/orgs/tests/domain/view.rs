//! Reads of an organization and of its members.

use tessera_kernel::{AccessError, Limit, PageRequest, Role};
use tessera_orgs::ViewMemberError;
use tessera_testkit::{
    Workbench,
    builders::{actor_of, key_actor, membership, organization, organization_id, user_id},
    expectations::{failed, ok},
};

#[tokio::test]
async fn each_member_sees_the_organization_with_their_own_role() {
    let bench = Workbench::with_organization().await;
    for (number, role) in (1..).zip([Role::Owner, Role::Admin, Role::Member]) {
        let seen = ok(bench.orgs().view_organization(&actor_of(user_id(number)), organization_id(1)).await);
        assert_eq!(seen, (organization(1), Some(role)));
    }
}

#[tokio::test]
async fn a_foreign_and_an_unknown_id_return_the_same_error() {
    let bench = Workbench::with_organization().await;
    for id in [1, 2].map(organization_id) {
        let stranger = actor_of(user_id(9));
        let one = failed(bench.orgs().view_organization(&stranger, id).await);
        let two = failed(bench.orgs().list_members(&stranger, id, PageRequest::default()).await);
        let three = failed(bench.orgs().view_member(&stranger, id, user_id(1)).await);
        assert!(matches!((one, two), (AccessError::NotFound(_), AccessError::NotFound(_))));
        assert!(matches!(three, ViewMemberError::Access(AccessError::NotFound(_))), "{three:?}");
    }
}

#[tokio::test]
async fn an_application_sees_nothing() {
    let bench = Workbench::with_organization().await;
    let actor = key_actor();
    let one = failed(bench.orgs().view_organization(&actor, organization_id(1)).await);
    let two = failed(bench.orgs().list_members(&actor, organization_id(1), PageRequest::default()).await);
    assert!(matches!((one, two), (AccessError::NotFound(_), AccessError::NotFound(_))));
}

#[tokio::test]
async fn members_are_listed_with_their_profiles() {
    let bench = Workbench::with_organization().await;
    let page = ok(bench.orgs().list_members(&actor_of(user_id(3)), organization_id(1), PageRequest::default()).await);
    let emails: Vec<_> = page.items.iter().filter_map(|member| member.profile.email.as_deref()).collect();
    assert_eq!(emails, ["user1@example.com", "user2@example.com", "user3@example.com"]);
    let roles: Vec<Role> = page.items.iter().map(|member| member.membership.role).collect();
    assert_eq!((roles, page.next), (vec![Role::Owner, Role::Admin, Role::Member], None));
}

#[tokio::test]
async fn members_are_listed_page_by_page() {
    let bench = Workbench::with_organization().await;
    let actor = actor_of(user_id(1));
    let request = PageRequest { limit: ok(Limit::try_from(2)), after: None };
    let first = ok(bench.orgs().list_members(&actor, organization_id(1), request).await);
    assert_eq!((first.items.len(), first.next), (2, Some(user_id(2).as_uuid())));
    let request = PageRequest { after: first.next, ..request };
    let second = ok(bench.orgs().list_members(&actor, organization_id(1), request).await);
    assert_eq!((second.items[0].membership.user_id, second.next), (user_id(3), None));
}

#[tokio::test]
async fn a_member_sees_another() {
    let bench = Workbench::with_organization().await;
    let seen = ok(bench.orgs().view_member(&actor_of(user_id(3)), organization_id(1), user_id(1)).await);
    assert_eq!(seen.membership, membership(organization_id(1), user_id(1), Role::Owner));
    assert_eq!(seen.profile.email.as_deref(), Some("user1@example.com"));
}

#[tokio::test]
async fn a_user_who_is_not_a_member_is_not_found() {
    let bench = Workbench::with_organization().await;
    for number in [9, 77] {
        let error = failed(bench.orgs().view_member(&actor_of(user_id(1)), organization_id(1), user_id(number)).await);
        assert!(matches!(error, ViewMemberError::MemberNotFound), "{error:?}");
    }
}
