//! Contract of [`OrgStore`] for deleted organizations.

use std::sync::Arc;

use tessera_apikeys::model::KeyKind;
use tessera_apps::ports::AppStore;
use tessera_kernel::{OrganizationId, PageRequest, Role, StoreError};
use tessera_orgs::{model::Organization, ports::OrgStore};

use super::world::{self, tenant};
use crate::{
    Harness, Stores,
    builders::{
        NOW, api_key, application, application_id, document, invitation, membership, organization, organization_id,
        token_hash, user, user_id,
    },
    concurrency::{attempts_at_once, in_time, nothing_is_held, second_comes_while_first_holds},
    expectations::{ok, some},
};

fn first() -> OrganizationId {
    organization_id(1)
}

async fn delete(store: Arc<dyn OrgStore>, id: OrganizationId) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let deleted = match tx.organizations().lock(id).await? {
        Some(_) => tx.organizations().delete(id).await?,
        None => false,
    };
    tx.commit().await?;
    Ok(deleted)
}

/// Returns the number of applications that a transaction counts under the lock of the organization.
async fn applications(store: Arc<dyn AppStore>) -> Result<Option<u64>, StoreError> {
    let mut tx = store.begin().await?;
    let counted = tx.applications().lock_and_count(first()).await?;
    tx.commit().await?;
    Ok(counted)
}

/// Creates organization 1 with three members, a key, settings, data of two users, a departure and an invitation (eight
/// rows that are removed in steps, with its own), and organization 2, of which user 1 is a member too.
async fn filled(stores: &Stores) {
    tenant(stores, 1).await;
    stores.add_users([&user(2), &user(3), &user(4)]).await;
    stores.add_organizations([&organization(2)]).await;
    let member = |of, number, role| membership(organization_id(of), user_id(number), role);
    stores.add_memberships([&member(1, 2, Role::Admin), &member(1, 3, Role::Member), &member(2, 1, Role::Owner)]).await;
    stores.add_keys([&api_key(1, &application(1, first()), user_id(1))]).await;
    stores.add_invitations([&invitation(1, first(), user_id(1))]).await;
    let mut tx = ok(stores.orgs.begin().await);
    ok(tx.documents().save_settings(first(), &document()).await);
    for number in [1, 2] {
        ok(tx.documents().save_system_data(first(), user_id(number), &document()).await);
    }
    ok(tx.departures().record(first(), user_id(4), NOW).await);
    ok(tx.commit().await);
}

contract!(
    use organization_deletions as organization_deletions_contract;

    async fn a_deleted_organization_is_not_found_before_its_rows_are_cleared(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        assert!(ok(in_time(delete(stores.orgs.clone(), first())).await));
        assert!(!ok(delete(stores.orgs.clone(), first()).await));
        let orgs = &stores.orgs;
        assert_eq!(ok(orgs.find_organization(first(), user_id(1)).await), None);
        assert_eq!(ok(orgs.find_membership(first(), user_id(1)).await), None);
        world::is_empty(|page| orgs.list_memberships(first(), page)).await;
        let listed = ok(orgs.list_organizations(user_id(1), PageRequest::default()).await).items;
        assert_eq!(listed, [(organization(2), Role::Owner)]);
        let (invited, _) = invitation(1, first(), user_id(1));
        world::is_empty(|page| orgs.list_invitations_to(&invited.email, NOW, page)).await;
        assert_eq!(ok(stores.memberships.role_of(first(), user_id(1)).await), None);
        assert_eq!(ok(stores.memberships.application_role(application_id(1), user_id(1)).await), None);
        assert_eq!(ok(stores.apps.find_application(application_id(1)).await), None);
        let key = api_key(1, &application(1, first()), user_id(1));
        assert_eq!(ok(stores.api_keys.find_key_by_hash(KeyKind::Application, &key.hash).await), None);
        assert_eq!(ok(applications(stores.apps.clone()).await), None);
        let mut tx = ok(orgs.begin().await);
        assert_eq!(ok(tx.organizations().lock(first()).await), None);
        assert_eq!(ok(tx.memberships().find(first(), user_id(1)).await), None);
        assert_eq!(ok(tx.memberships().lock_and_count_owned(user_id(1), true).await), 1);
        assert!(!ok(tx.organizations().update(&organization(1)).await));
    }

    async fn the_slug_of_a_deleted_organization_is_free(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        assert!(ok(delete(stores.orgs.clone(), first()).await));
        let next = Organization { slug: organization(1).slug, ..organization(3) };
        stores.add_organizations([&next]).await;
        assert_eq!(ok(ok(stores.orgs.begin().await).organizations().lock(next.id).await), Some(next));
    }

    async fn the_rows_of_a_deleted_organization_are_cleared_in_steps(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        assert_eq!(ok(stores.orgs.clear_deleted_organizations(100).await), 0);
        assert!(ok(delete(stores.orgs.clone(), first()).await));
        // The rows of its applications are removed first.
        while ok(stores.apps.clear_deleted(100).await) > 0 {}
        let mut steps = Vec::new();
        for _ in 0..4 {
            steps.push(ok(in_time(stores.orgs.clear_deleted_organizations(3)).await));
        }
        assert_eq!(steps, [3, 3, 2, 0]);
        let other = ok(stores.orgs.find_organization(organization_id(2), user_id(1)).await);
        assert_eq!(some(other).0, organization(2));
        // The invitation is removed, so its token is free.
        stores.add_invitations([&(invitation(2, organization_id(2), user_id(1)).0, token_hash(1))]).await;
    }

    async fn of_eight_deletions_of_an_organization_one_counts(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        let attempts = attempts_at_once(harness, 8, |_| delete(stores.orgs.clone(), first())).await;
        let deleted: u32 = attempts.into_iter().map(|deleted| u32::from(ok(deleted))).sum();
        assert_eq!(deleted, 1);
        nothing_is_held(harness).await;
    }

    async fn nothing_is_added_to_an_organization_that_is_being_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        filled(stores).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.organizations().lock(first()).await).is_some());
        assert!(ok(tx.organizations().delete(first()).await));
        let apps = stores.apps.clone();
        let read = async || ok(stores.apps.find_application(application_id(1)).await);
        let second = second_comes_while_first_holds(harness, move || applications(apps.clone()), read).await;
        let Some(counted) = second.after(harness, tx.commit()).await else { return };
        assert_eq!(ok(counted), None);
        nothing_is_held(harness).await;
    }
);
