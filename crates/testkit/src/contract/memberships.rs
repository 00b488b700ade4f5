//! Contract of [`Memberships`](tessera_kernel::Memberships).

use tessera_kernel::{ApplicationRole, MemberAccess, Role};
use tessera_orgs::model::Organization;

use super::world::tenant;
use crate::{
    Harness, Stores,
    builders::{application_id, membership, organization, organization_id, user, user_id},
    concurrency::in_time,
    expectations::ok,
};

const ROLES: [Role; 3] = [Role::Owner, Role::Admin, Role::Member];

/// Creates tenant 1 with users 1, 2 and 3 as owner, administrator and member. User 9 is not a member.
async fn world(stores: &Stores) {
    tenant(stores, 1).await;
    stores.add_users([&user(2), &user(3), &user(9)]).await;
    let members = [(2, Role::Admin), (3, Role::Member)];
    stores.add_memberships(&members.map(|(number, role)| membership(organization_id(1), user_id(number), role))).await;
}

async fn role(stores: &Stores, user: u32) -> Option<Role> {
    ok(in_time(stores.memberships.role_of(organization_id(1), user_id(user))).await)
}

async fn application_role(stores: &Stores, user: u32) -> Option<ApplicationRole> {
    ok(in_time(stores.memberships.application_role(application_id(1), user_id(user))).await)
}

contract!(
    use memberships as memberships_contract;

    async fn each_role_is_returned(harness: &impl Harness) {
        world(harness.stores()).await;
        for (number, expected) in (1..).zip(ROLES) {
            assert_eq!(role(harness.stores(), number).await, Some(expected));
        }
    }

    async fn users_who_are_not_members_have_no_role(harness: &impl Harness) {
        world(harness.stores()).await;
        assert_eq!(role(harness.stores(), 9).await, None);
        assert_eq!(role(harness.stores(), 77).await, None);
    }

    async fn an_unknown_organization_has_no_roles(harness: &impl Harness) {
        harness.stores().add_users([&user(1)]).await;
        assert_eq!(role(harness.stores(), 1).await, None);
    }

    async fn a_role_is_that_of_the_given_organization(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        stores.add_organizations([&organization(2)]).await;
        stores.add_memberships([&membership(organization_id(2), user_id(3), Role::Owner)]).await;
        assert_eq!(role(stores, 3).await, Some(Role::Member));
        assert_eq!(ok(stores.memberships.role_of(organization_id(2), user_id(3)).await), Some(Role::Owner));
    }

    async fn a_changed_role_is_visible_at_once(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.memberships().set_role(organization_id(1), user_id(3), Role::Admin).await);
        ok(tx.commit().await);
        assert_eq!(role(stores, 3).await, Some(Role::Admin));
        assert_eq!(
            application_role(stores, 3).await.map(|application_role| application_role.access.role),
            Some(Role::Admin)
        );
    }

    async fn a_deleted_membership_has_no_role(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.memberships().delete(organization_id(1), user_id(3)).await);
        ok(tx.commit().await);
        assert_eq!((role(stores, 3).await, application_role(stores, 3).await), (None, None));
    }

    async fn an_uncommitted_role_is_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.memberships().set_role(organization_id(1), user_id(3), Role::Owner).await);
        assert_eq!(role(stores, 3).await, Some(Role::Member));
    }

    async fn an_application_role_has_organization_and_role(harness: &impl Harness) {
        world(harness.stores()).await;
        for (number, role) in (1..).zip(ROLES) {
            let access = MemberAccess { role, mfa_required: false };
            let expected = ApplicationRole { organization: organization_id(1), access };
            assert_eq!(application_role(harness.stores(), number).await, Some(expected));
        }
    }

    async fn users_who_are_not_members_have_no_application_role(harness: &impl Harness) {
        world(harness.stores()).await;
        tenant(harness.stores(), 5).await;
        for number in [5, 9, 77] {
            assert_eq!(application_role(harness.stores(), number).await, None);
        }
    }

    async fn an_unknown_application_has_no_role(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        assert_eq!(ok(stores.memberships.application_role(application_id(2), user_id(1)).await), None);
    }

    async fn an_application_belongs_to_its_organization_until_it_is_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        let owner = async |number| ok(stores.memberships.organization_of(application_id(number)).await);
        assert_eq!((owner(1).await, owner(2).await), (Some(organization_id(1)), None));
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(application_id(1)).await));
        ok(tx.commit().await);
        assert_eq!(owner(1).await, None);
    }

    async fn a_deleted_application_has_no_role(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(application_id(1)).await));
        ok(tx.commit().await);
        assert_eq!(application_role(stores, 1).await, None);
    }

    async fn a_requirement_of_mfa_holds_for_every_member_from_its_commit_on(harness: &impl Harness) {
        let stores = harness.stores();
        world(stores).await;
        let read = async || ok(stores.memberships.member_access(organization_id(1), user_id(3)).await);
        for mfa_required in [false, true, false] {
            let mut tx = ok(stores.orgs.begin().await);
            let changed = Organization { mfa_required, ..organization(1) };
            assert!(ok(tx.organizations().update(&changed).await));
            ok(tx.commit().await);
            let access = MemberAccess { role: Role::Member, mfa_required };
            assert_eq!(read().await, Some(access));
            assert_eq!(application_role(stores, 3).await.map(|of_application| of_application.access), Some(access));
        }
    }
);
