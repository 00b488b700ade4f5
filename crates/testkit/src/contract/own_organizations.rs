//! Contract of [`OrgStore`] for the organizations and invitations of one user, and for
//! changes of organizations.

use std::sync::Arc;

use tessera_kernel::{OrganizationId, PageRequest, Role, StoreError};
use tessera_orgs::{
    model::{Invitation, InvitationState, Membership, Organization},
    ports::OrgStore,
};
use time::Duration;

use crate::{
    Harness, Stores,
    builders::{NOW, invitation, invitation_id, membership, organization, organization_id, token_hash, user, user_id},
    concurrency::{attempts_at_once, in_time, nothing_is_held, one_wins},
    expectations::{ok, parsed},
};

/// Users 1 and 2, and organizations 1 to 4. User 1 is the owner of 3, an administrator of 1 and a member of 2.
async fn organizations(stores: &Stores) -> [Organization; 4] {
    let all = [1, 2, 3, 4].map(organization);
    stores.add_users([&user(1), &user(2)]).await;
    stores.add_organizations(&all).await;
    let roles = [(3, 1, Role::Owner), (1, 1, Role::Admin), (2, 1, Role::Member), (1, 2, Role::Owner)];
    let members = roles.map(|(of, number, role)| membership(organization_id(of), user_id(number), role));
    stores.add_memberships(&members).await;
    all
}

async fn update(store: Arc<dyn OrgStore>, organization: Organization) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let updated = tx.organizations().update(&organization).await?;
    tx.commit().await?;
    Ok(updated)
}

async fn find(store: &dyn OrgStore, id: OrganizationId) -> Option<Organization> {
    ok(ok(store.begin().await).organizations().lock(id).await)
}

contract!(
    use own_organizations as own_organizations_contract;

    async fn the_organizations_of_a_user_are_listed_with_the_roles(harness: &impl Harness) {
        let stores = harness.stores();
        let [one, two, three, _] = organizations(stores).await;
        let listed = async |number, page| ok(in_time(stores.orgs.list_organizations(user_id(number), page)).await);
        let expected = [(one.clone(), Role::Admin), (two, Role::Member), (three, Role::Owner)];
        assert_eq!(listed(1, PageRequest::default()).await.items, expected);
        assert_eq!(listed(2, PageRequest::default()).await.items, [(one, Role::Owner)]);
        assert!(listed(9, PageRequest::default()).await.items.is_empty());
        let mut page = PageRequest { limit: ok(2.try_into()), after: None };
        let first = listed(1, page).await;
        page.after = first.next;
        assert_eq!([first.items, listed(1, page).await.items].concat(), expected);
    }

    async fn the_first_two_organizations_of_a_user_are_found(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let first = async |number| ok(in_time(stores.memberships.first_organizations_of(user_id(number))).await);
        assert_eq!(first(1).await, [organization_id(1), organization_id(2)]);
        assert_eq!(first(2).await, [organization_id(1)]);
        assert_eq!(first(9).await, []);
        let unopened = Membership { opened_at: None, ..membership(organization_id(2), user_id(2), Role::Member) };
        stores.add_memberships([&unopened]).await;
        assert_eq!(first(2).await, [organization_id(1)], "the one that the user has opened");
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.organizations().delete(organization_id(1)).await));
        ok(tx.commit().await);
        assert_eq!(first(1).await, [organization_id(2), organization_id(3)]);
        assert_eq!(first(2).await, [organization_id(2)], "the user has opened no other");
        let another = Membership { opened_at: None, ..membership(organization_id(3), user_id(2), Role::Member) };
        stores.add_memberships([&another]).await;
        assert_eq!(first(2).await, [organization_id(2), organization_id(3)]);
    }

    async fn an_organization_is_found_by_its_id_until_it_is_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        let [one, ..] = organizations(stores).await;
        let found = async |number| ok(in_time(stores.orgs.find_organization_by_id(organization_id(number))).await);
        assert_eq!(found(1).await, Some(one));
        assert_eq!(found(9).await, None);
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.organizations().delete(organization_id(1)).await));
        ok(tx.commit().await);
        assert_eq!(found(1).await, None);
    }

    async fn the_open_invitations_to_an_address_are_listed(harness: &impl Harness) {
        let stores = harness.stores();
        let [one, two, three, four] = organizations(stores).await;
        let to = |number, of: &Organization, by| {
            let (invitation, token) = invitation(number, of.id, user_id(by));
            (Invitation { email: parsed("guest@example.com"), ..invitation }, token)
        };
        let ended = InvitationState::Withdrawn { at: NOW };
        let expired = Invitation { expires_at: NOW, ..to(3, &three, 1).0 };
        let withdrawn = Invitation { state: ended, ..to(4, &four, 1).0 };
        let (first, second) = (to(1, &one, 2), to(2, &two, 2));
        let other = invitation(5, one.id, user_id(1));
        let all = [&second, &first, &(expired, token_hash(3)), &(withdrawn, token_hash(4)), &other];
        stores.add_invitations(all).await;
        let page = PageRequest::default();
        let listed = ok(in_time(stores.orgs.list_invitations_to(&parsed("GUEST@example.com"), NOW, page)).await);
        // User 2 is the owner of organization 1 and not a member of organization 2.
        assert_eq!(listed.items, [(first.0.clone(), one, Some(Role::Owner)), (second.0, two, None)]);
        assert_eq!(ok(stores.orgs.find_invitation_by_id(first.0.id).await), Some(first.0));
        assert_eq!(ok(stores.orgs.find_invitation_by_id(invitation_id(9)).await), None);
    }

    async fn an_organization_update_writes_all_mutable_fields(harness: &impl Harness) {
        let stores = harness.stores();
        let [one, two, ..] = organizations(stores).await;
        let at = NOW + Duration::HOUR;
        let changed = Organization {
            name: parsed("New"),
            slug: parsed("new"),
            updated_at: at,
            mfa_required: true,
            ..one.clone()
        };
        let written = Organization { created_at: at, ..changed.clone() };
        assert!(ok(in_time(update(stores.orgs.clone(), written)).await));
        assert_eq!(find(&*stores.orgs, one.id).await, Some(changed));
        assert_eq!(find(&*stores.orgs, two.id).await, Some(two));
        assert!(!ok(update(stores.orgs.clone(), organization(9)).await));
    }

    async fn of_four_organizations_that_take_one_slug_one_gets_it(harness: &impl Harness) {
        let stores = harness.stores();
        organizations(stores).await;
        let attempts = attempts_at_once(harness, 4, |number| {
            let store = stores.orgs.clone();
            let wanted = Organization { slug: parsed("wanted"), ..organization(number + 1) };
            async move { update(store, wanted).await.map(|_| ()) }
        });
        one_wins(attempts.await, "organizations_slug");
        nothing_is_held(harness).await;
    }
);
