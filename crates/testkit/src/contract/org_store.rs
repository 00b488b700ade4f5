//! Contract of [`OrgStore`].

use std::sync::Arc;

use tessera_kernel::{OrganizationId, PageRequest, Role, StoreError, UserId};
use tessera_orgs::{
    model::{Membership, Organization},
    ports::OrgStore,
};

use super::world;
use crate::{
    Harness, Stores,
    builders::{event, membership, organization, organization_id, user, user_id},
    concurrency::{
        at_once, attempts_at_once, end_while_held, in_time, nothing_is_held, one_wins, second_comes_while_first_holds,
    },
    expectations::{conflict, ok, parsed, some},
};

async fn insert(store: Arc<dyn OrgStore>, organization: Organization) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.organizations().insert(&organization).await?;
    tx.commit().await
}

async fn join(store: Arc<dyn OrgStore>, membership: Membership) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.memberships().insert(&membership).await?;
    tx.commit().await
}

async fn set_role(store: &dyn OrgStore, id: OrganizationId, user: UserId, role: Role) -> bool {
    let mut tx = ok(store.begin().await);
    let set = ok(tx.memberships().set_role(id, user, role).await);
    ok(tx.commit().await);
    set
}

async fn leave(store: &dyn OrgStore, id: OrganizationId, user: UserId) -> bool {
    let mut tx = ok(store.begin().await);
    let left = ok(tx.memberships().delete(id, user).await);
    ok(tx.commit().await);
    left
}

async fn role(store: &dyn OrgStore, user: UserId) -> Option<Role> {
    ok(in_time(store.find_membership(organization_id(1), user)).await).map(|membership| membership.role)
}

fn member(number: u32, role: Role) -> Membership {
    membership(organization_id(1), user_id(number), role)
}

/// Creates organization 1 with users 1, 2 and so on in the given roles.
async fn organization_of(stores: &Stores, roles: &[Role]) -> Vec<Membership> {
    let members: Vec<Membership> = (1..).zip(roles).map(|(number, role)| member(number, *role)).collect();
    let users: Vec<_> = (1..).zip(roles).map(|(number, _)| user(number)).collect();
    stores.add_users(&users).await;
    stores.add_organizations([&organization(1)]).await;
    // Inserted in reverse order, so that a list must sort by itself.
    stores.add_memberships(members.iter().rev()).await;
    members
}

contract!(
    use org_store as org_store_contract;

    async fn an_organization_is_returned_with_each_role(harness: &impl Harness) {
        let stores = harness.stores();
        let roles = [Role::Owner, Role::Admin, Role::Member];
        organization_of(stores, &roles).await;
        for (number, role) in (1..).zip(roles) {
            let found = ok(stores.orgs.find_organization(organization_id(1), user_id(number)).await);
            assert_eq!(found, Some((organization(1), member(number, role))));
        }
    }

    async fn an_organization_is_not_found_by_users_who_are_not_members(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        stores.add_users([&user(2)]).await;
        assert_eq!(ok(stores.orgs.find_organization(organization_id(1), user_id(2)).await), None);
        assert_eq!(ok(stores.orgs.find_organization(organization_id(1), user_id(99)).await), None);
        assert_eq!(ok(stores.orgs.find_membership(organization_id(1), user_id(2)).await), None);
    }

    async fn an_unknown_organization_is_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        assert_eq!(ok(stores.orgs.find_organization(organization_id(1), user_id(1)).await), None);
        assert_eq!(ok(stores.orgs.find_membership(organization_id(1), user_id(1)).await), None);
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.organizations().lock(organization_id(1)).await), None);
        assert_eq!(ok(tx.memberships().find(organization_id(1), user_id(1)).await), None);
        assert_eq!(ok(tx.memberships().count_owners(organization_id(1)).await), 0);
    }

    async fn a_slug_belongs_to_one_organization(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let same = Organization { slug: organization(1).slug, ..organization(2) };
        conflict(insert(stores.orgs.clone(), same).await, "organizations_slug");
    }

    async fn an_organization_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let same = Organization { slug: parsed("another"), ..organization(1) };
        conflict(insert(stores.orgs.clone(), same).await, "organizations_id");
    }

    async fn a_membership_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        for expected in organization_of(stores, &[Role::Owner, Role::Admin, Role::Member]).await {
            let found = ok(stores.orgs.find_membership(organization_id(1), expected.user_id).await);
            assert_eq!(found.as_ref(), Some(&expected));
            let mut tx = ok(stores.orgs.begin().await);
            assert_eq!(ok(tx.memberships().find(organization_id(1), expected.user_id).await), Some(expected));
        }
    }

    async fn a_membership_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        conflict(join(stores.orgs.clone(), member(1, Role::Member)).await, "memberships_organization_id_user_id");
        assert_eq!(role(&*stores.orgs, user_id(1)).await, Some(Role::Owner));
    }

    async fn a_membership_requires_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        conflict(join(stores.orgs.clone(), member(1, Role::Member)).await, StoreError::REFERENCE);
    }

    async fn a_membership_requires_its_organization(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        conflict(join(stores.orgs.clone(), member(1, Role::Member)).await, StoreError::REFERENCE);
    }

    async fn memberships_are_listed_in_pages_by_user(harness: &impl Harness) {
        let stores = harness.stores();
        let expected =
            organization_of(stores, &[Role::Member, Role::Owner, Role::Admin, Role::Owner, Role::Member]).await;
        world::pages_in_order(&expected, |page| stores.orgs.list_memberships(organization_id(1), page)).await;
    }

    async fn the_longest_page_of_memberships_is_full(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Member; 201]).await;
        world::longest_page(|page| stores.orgs.list_memberships(organization_id(1), page)).await;
    }

    async fn an_unknown_organization_has_no_memberships(harness: &impl Harness) {
        let store = &harness.stores().orgs;
        world::is_empty(|page| store.list_memberships(organization_id(1), page)).await;
    }

    async fn memberships_of_others_are_not_listed(harness: &impl Harness) {
        let stores = harness.stores();
        let expected = organization_of(stores, &[Role::Owner]).await;
        stores.add_users([&user(2)]).await;
        stores.add_organizations([&organization(2)]).await;
        stores.add_memberships([&membership(organization_id(2), user_id(2), Role::Owner)]).await;
        let page = ok(stores.orgs.list_memberships(organization_id(1), PageRequest::default()).await);
        assert_eq!((page.items, page.next), (expected, None));
    }

    async fn a_locked_organization_is_complete(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.organizations().lock(organization_id(1)).await), Some(organization(1)));
    }

    async fn owners_are_counted(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner, Role::Admin, Role::Member]).await;
        stores.add_organizations([&organization(2)]).await;
        stores.add_memberships([&membership(organization_id(2), user_id(1), Role::Owner)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.memberships().count_owners(organization_id(1)).await), 1);
        ok(tx.memberships().set_role(organization_id(1), user_id(3), Role::Owner).await);
        assert_eq!(ok(tx.memberships().count_owners(organization_id(1)).await), 2);
        ok(tx.memberships().delete(organization_id(1), user_id(1)).await);
        ok(tx.memberships().delete(organization_id(1), user_id(3)).await);
        assert_eq!(ok(tx.memberships().count_owners(organization_id(1)).await), 0);
    }

    async fn a_role_is_set_for_one_member(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner, Role::Member, Role::Member]).await;
        assert!(set_role(&*stores.orgs, organization_id(1), user_id(2), Role::Admin).await);
        let listed = ok(stores.orgs.list_memberships(organization_id(1), PageRequest::default()).await).items;
        assert_eq!(listed, [member(1, Role::Owner), member(2, Role::Admin), member(3, Role::Member)]);
    }

    async fn the_role_of_a_user_who_is_not_a_member_is_not_set(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        assert!(!set_role(&*stores.orgs, organization_id(1), user_id(2), Role::Admin).await);
        assert!(!set_role(&*stores.orgs, organization_id(2), user_id(1), Role::Admin).await);
        assert_eq!(role(&*stores.orgs, user_id(1)).await, Some(Role::Owner));
    }

    async fn a_membership_is_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner, Role::Member]).await;
        assert!(leave(&*stores.orgs, organization_id(1), user_id(2)).await);
        let listed = ok(stores.orgs.list_memberships(organization_id(1), PageRequest::default()).await).items;
        assert_eq!(listed, [member(1, Role::Owner)]);
    }

    async fn an_unknown_membership_is_not_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        assert!(!leave(&*stores.orgs, organization_id(1), user_id(2)).await);
        assert!(!leave(&*stores.orgs, organization_id(2), user_id(1)).await);
        assert_eq!(role(&*stores.orgs, user_id(1)).await, Some(Role::Owner));
    }

    async fn a_user_who_left_may_be_added_again(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner, Role::Admin]).await;
        assert!(leave(&*stores.orgs, organization_id(1), user_id(2)).await);
        ok(join(stores.orgs.clone(), member(2, Role::Member)).await);
        assert_eq!(role(&*stores.orgs, user_id(2)).await, Some(Role::Member));
    }

    async fn committed_changes_are_visible_together(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.organizations().insert(&organization(1)).await);
        ok(tx.memberships().insert(&member(1, Role::Owner)).await);
        ok(tx.events().append(&event(1)).await);
        ok(tx.commit().await);
        let found = ok(stores.orgs.find_organization(organization_id(1), user_id(1)).await);
        assert_eq!(found, Some((organization(1), member(1, Role::Owner))));
        assert_eq!(ok(stores.audit.list_events(None, PageRequest::default()).await).items, [event(1)]);
    }

    async fn uncommitted_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner, Role::Member]).await;
        stores.add_users([&user(3)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.memberships().delete(organization_id(1), user_id(1)).await);
        ok(tx.memberships().set_role(organization_id(1), user_id(2), Role::Owner).await);
        ok(tx.memberships().insert(&member(3, Role::Admin)).await);
        let mut roles = Vec::new();
        for number in 1..=3 {
            roles.push(role(&*stores.orgs, user_id(number)).await);
        }
        assert_eq!(roles, [Some(Role::Owner), Some(Role::Member), None]);
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner, Role::Member]).await;
        let mut tx = ok(stores.orgs.begin().await);
        some(ok(tx.organizations().lock(organization_id(1)).await));
        ok(tx.organizations().insert(&organization(2)).await);
        ok(tx.memberships().delete(organization_id(1), user_id(2)).await);
        ok(tx.events().append(&event(1)).await);
        drop(tx);
        ok(in_time(insert(stores.orgs.clone(), organization(2))).await);
        assert!(in_time(set_role(&*stores.orgs, organization_id(1), user_id(2), Role::Admin)).await);
        world::is_empty(|page| stores.audit.list_events(None, page)).await;
        nothing_is_held(harness).await;
    }

    async fn of_eight_organizations_with_one_slug_one_is_added(harness: &impl Harness) {
        let store = harness.stores().orgs.clone();
        let same = |number| Organization { slug: parsed("wanted"), ..organization(number) };
        let attempts = attempts_at_once(harness, 8, |number| insert(store.clone(), same(number))).await;
        one_wins(attempts, "organizations_slug");
        nothing_is_held(harness).await;
    }

    async fn of_eight_memberships_of_one_user_one_is_added(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        stores.add_users([&user(2)]).await;
        let attempts = attempts_at_once(harness, 8, |_| join(stores.orgs.clone(), member(2, Role::Member))).await;
        one_wins(attempts, "memberships_organization_id_user_id");
        nothing_is_held(harness).await;
    }

    async fn of_eight_owners_that_leave_concurrently_one_stays(harness: &impl Harness) {
        async fn leave_unless_last(store: Arc<dyn OrgStore>, user: UserId) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            some(tx.organizations().lock(organization_id(1)).await?);
            if tx.memberships().count_owners(organization_id(1)).await? > 1 {
                tx.memberships().delete(organization_id(1), user).await?;
                tx.commit().await?;
            }
            Ok(())
        }
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner; 8]).await;
        at_once(harness, 8, |number| leave_unless_last(stores.orgs.clone(), user_id(number + 1))).await;
        let left = ok(stores.orgs.list_memberships(organization_id(1), PageRequest::default()).await).items;
        assert_eq!(left.len(), 1);
    }

    async fn locked_changes_lose_nothing(harness: &impl Harness) {
        /// Makes a member an owner. The number of the member follows from the owner count under the lock.
        async fn promote(store: Arc<dyn OrgStore>) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            some(tx.organizations().lock(organization_id(1)).await?);
            let owners = ok(u32::try_from(tx.memberships().count_owners(organization_id(1)).await?));
            assert!(tx.memberships().set_role(organization_id(1), user_id(owners + 1), Role::Owner).await?);
            tx.commit().await
        }
        let stores = harness.stores();
        organization_of(stores, &[Role::Member; 200]).await;
        for _ in 0..25 {
            at_once(harness, 8, |_| promote(stores.orgs.clone())).await;
        }
        assert_eq!(ok(ok(stores.orgs.begin().await).memberships().count_owners(organization_id(1)).await), 200);
    }

    async fn a_second_lock_waits_for_the_first(harness: &impl Harness) {
        async fn read_locked(store: Arc<dyn OrgStore>) -> Result<Role, StoreError> {
            let mut tx = store.begin().await?;
            some(tx.organizations().lock(organization_id(1)).await?);
            let read = some(tx.memberships().find(organization_id(1), user_id(1)).await?).role;
            tx.commit().await?;
            Ok(read)
        }
        let stores = harness.stores();
        organization_of(stores, &[Role::Member]).await;
        let mut first = ok(stores.orgs.begin().await);
        some(ok(first.organizations().lock(organization_id(1)).await));
        let read = async || role(&*stores.orgs, user_id(1)).await;
        let store = stores.orgs.clone();
        let second = second_comes_while_first_holds(harness, move || read_locked(store.clone()), read).await;
        let first = async {
            first.memberships().set_role(organization_id(1), user_id(1), Role::Owner).await?;
            first.commit().await
        };
        second.gets(Role::Owner, harness, first).await;
    }

    async fn an_aborted_task_returns_its_connection(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        let store = stores.orgs.clone();
        end_while_held(async move {
            let mut tx = ok(store.begin().await);
            some(ok(tx.organizations().lock(organization_id(1)).await));
            ok(tx.memberships().set_role(organization_id(1), user_id(1), Role::Member).await);
            tx
        })
        .await;
        assert!(in_time(set_role(&*stores.orgs, organization_id(1), user_id(1), Role::Admin)).await);
        assert_eq!(role(&*stores.orgs, user_id(1)).await, Some(Role::Admin));
        nothing_is_held(harness).await;
    }

    async fn rejected_inserts_hold_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        organization_of(stores, &[Role::Owner]).await;
        for _ in 0..32 {
            let again = in_time(join(stores.orgs.clone(), member(1, Role::Member))).await;
            conflict(again, "memberships_organization_id_user_id");
            conflict(in_time(join(stores.orgs.clone(), member(9, Role::Member))).await, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }
);
