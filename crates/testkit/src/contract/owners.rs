//! Contract of [`MembershipRows`](tessera_orgs::ports::MembershipRows) for owners.

use tessera_identity::model::User;
use tessera_kernel::{OrganizationId, Role};
use tessera_orgs::model::{Member, Membership, Profile};

use crate::{
    Harness, Stores,
    builders::{membership, organization, organization_id, user, user_id},
    expectations::{ok, parsed},
};

async fn owners(stores: &Stores, of: OrganizationId) -> Vec<Member> {
    let mut tx = ok(stores.orgs.begin().await);
    ok(tx.memberships().owners(of).await)
}

contract!(
    use owners as owners_contract;

    async fn owners_are_listed_with_their_profiles_in_order(harness: &impl Harness) {
        let stores = harness.stores();
        let named = User { email: Some(parsed("Ada@Example.COM")), display_name: Some(parsed("Ada")), ..user(1) };
        let nameless = User { email: None, display_name: None, ..user(2) };
        stores.add_users([&named, &nameless, &user(3), &user(4), &user(5)]).await;
        stores.add_organizations([&organization(1), &organization(2)]).await;
        let roles =
            [(1, 2, Role::Owner), (1, 1, Role::Owner), (1, 3, Role::Admin), (1, 4, Role::Member), (2, 5, Role::Owner)];
        let hidden = |membership: Membership| {
            let profile_visible_at = membership.profile_visible_at.filter(|_| membership.user_id != user_id(2));
            Membership { profile_visible_at, ..membership }
        };
        for (of, who, role) in roles {
            stores.add_memberships([&hidden(membership(organization_id(of), user_id(who), role))]).await;
        }
        let ada = Some("Ada@Example.COM".to_owned());
        let member = |profile: Profile| {
            let membership = hidden(membership(organization_id(1), profile.user_id, Role::Owner));
            Member { membership, profile, mfa_enabled: None }
        };
        let expected = [
            member(Profile { user_id: user_id(1), email: ada, display_name: Some("Ada".to_owned()) }),
            member(Profile::hidden(user_id(2))),
        ];
        assert_eq!(owners(stores, organization_id(1)).await, expected);
    }

    async fn a_new_owner_is_listed_at_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2), &user(3)]).await;
        stores.add_organizations([&organization(1)]).await;
        let id = organization_id(1);
        stores.add_memberships([&membership(id, user_id(1), Role::Member)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.memberships().set_role(id, user_id(1), Role::Owner).await));
        ok(tx.memberships().insert(&membership(id, user_id(2), Role::Owner)).await);
        let found = ok(tx.memberships().owners(id).await);
        assert_eq!(found.iter().map(|owner| owner.profile.user_id).collect::<Vec<_>>(), [user_id(1), user_id(2)]);
        drop(tx);
        assert_eq!(owners(stores, id).await, []);
    }

    async fn an_unknown_organization_has_no_owners(harness: &impl Harness) {
        assert_eq!(owners(harness.stores(), organization_id(9)).await, []);
    }
);
