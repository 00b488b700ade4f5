//! Contract of [`ApiKeyTransaction`].

use std::sync::Arc;

use tessera_apikeys::{
    leaks::OrganizationOwner,
    model::{KeyOwner, StoredKey},
    ports::{ApiKeyStore, ApiKeyTransaction, KeyCounts},
};
use tessera_kernel::{PageRequest, Role, StoreError};
use tessera_orgs::model::Membership;
use tessera_outbox::{Notice, NoticeTopic, Notices};

use super::world::{Tenant, audit_entry_is_stored, message_reaches_the_outbox, tenant};
use crate::{
    Harness, Skip,
    builders::{
        NOW, api_key, application_id, bare_user, key_use, membership, organization, organization_id, permissions,
        secret_use, user, user_id,
    },
    concurrency::{in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{ok, parsed},
};

fn key(number: u32, tenant: &Tenant) -> StoredKey {
    api_key(number, &tenant.application, tenant.owner.id)
}

/// The owner of the keys of an application.
fn owner(number: u32) -> KeyOwner {
    KeyOwner::Application(application_id(number))
}

/// Locks organization 1 and adds a key, without a commit.
async fn add(store: Arc<dyn ApiKeyStore>, key: StoredKey) -> Result<Box<dyn ApiKeyTransaction>, StoreError> {
    let mut tx = store.begin().await?;
    assert!(tx.keys().lock(organization_id(1)).await?);
    tx.keys().insert(&key).await?;
    Ok(tx)
}

contract!(
    use api_key_transactions as api_key_transactions_contract;

    async fn a_transaction_sees_what_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let mut tx = ok(add(stores.api_keys.clone(), key(1, &tenant)).await);
        ok(tx.keys().insert(&key(2, &tenant)).await);
        let counted = ok(tx.keys().count(organization_id(1), owner(1), NOW).await);
        assert_eq!(counted, KeyCounts { active: 2, in_organization: 2 });
        assert!(ok(tx.keys().revoke(key(1, &tenant).key.id, NOW).await));
        assert!(!ok(tx.keys().revoke(key(1, &tenant).key.id, NOW).await));
        let counted = ok(tx.keys().count(organization_id(1), owner(1), NOW).await);
        assert_eq!(counted, KeyCounts { active: 1, in_organization: 2 });
        let to = parsed("user1@example.com");
        let notice = Notice { topic: NoticeTopic::ApiKeys, to: &to, at: NOW };
        for number in [1, 2] {
            let counted = tx.outbox().count_notice(notice, Notices::WINDOW).await;
            assert_eq!(ok(counted), number);
        }
    }

    async fn the_permissions_that_an_application_declares_are_read(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let declared = async |number| {
            let mut tx = ok(stores.api_keys.begin().await);
            ok(tx.keys().declared_permissions(application_id(number)).await)
        };
        assert_eq!(declared(1).await, permissions(["goods:ship", "goods:count"]));
        assert!(declared(2).await.is_empty());
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(application_id(1)).await));
        ok(tx.commit().await);
        assert!(declared(1).await.is_empty());
    }

    async fn the_owners_with_an_address_are_listed_in_order(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2), &user(3), &user(4), &bare_user(5), &user(6)]).await;
        stores.add_organizations([&organization(1), &organization(2)]).await;
        let of = |who, role| membership(organization_id(1), user_id(who), role);
        let unopened = Membership { opened_at: None, ..of(2, Role::Owner) };
        let others = [of(1, Role::Owner), of(3, Role::Admin), of(4, Role::Member), of(5, Role::Owner)];
        let elsewhere = membership(organization_id(2), user_id(6), Role::Owner);
        for row in [&unopened, &elsewhere].into_iter().chain(&others) {
            stores.add_memberships([row]).await;
        }
        let owners = async |number| {
            let mut tx = ok(stores.api_keys.begin().await);
            ok(tx.keys().owners(organization_id(number)).await)
        };
        let owner = |number, opened| OrganizationOwner { email: parsed(&format!("user{number}@example.com")), opened };
        assert_eq!(owners(1).await, [owner(1, true), owner(2, false)]);
        assert_eq!(owners(9).await, []);
        let mut tx = ok(stores.orgs.begin().await);
        assert!(ok(tx.organizations().delete(organization_id(2)).await));
        ok(tx.commit().await);
        assert_eq!(owners(2).await, []);
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        let first = ok(add(stores.api_keys.clone(), key(1, &tenant)).await);
        let read = async || ok(stores.api_keys.find_key(key(1, &tenant).key.id).await);
        second_leaves_while_first_holds(add(stores.api_keys.clone(), key(2, &tenant)), read).await;
        ok(in_time(first.commit()).await);
        let mut next = ok(in_time(stores.api_keys.begin()).await);
        assert!(ok(in_time(next.keys().lock(organization_id(1))).await));
        let counted = ok(in_time(next.keys().count(organization_id(1), owner(1), NOW)).await);
        assert_eq!(counted, KeyCounts { active: 1, in_organization: 1 });
        drop(next);
        nothing_is_held(harness).await;
    }

    async fn an_audit_entry_of_an_organization_is_stored(harness: &impl Harness) {
        audit_entry_is_stored!(harness, api_keys);
    }

    async fn a_message_reaches_the_outbox_with_the_commit(harness: &impl Harness) {
        message_reaches_the_outbox!(harness, api_keys);
    }

    async fn commits_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        let tenant = tenant(stores, 1).await;
        ok(ok(add(stores.api_keys.clone(), key(1, &tenant)).await).commit().await);
        ok(stores.api_keys.record_uses(&[secret_use(1, NOW)]).await);
        drop(ok(add(stores.api_keys.clone(), key(2, &tenant)).await));
        harness.reopen().await?;
        let found = ok(harness.stores().api_keys.list_keys(application_id(1), PageRequest::default()).await).items;
        let mut kept = key(1, &tenant).key;
        kept.last_use = Some(key_use(NOW));
        assert_eq!(found, [kept]);
        Ok(())
    }
);
