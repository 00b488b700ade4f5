//! Contract of [`AppTransaction`].

use std::sync::Arc;

use tessera_apps::{
    model::Application,
    ports::{AppStore, AppTransaction},
};
use tessera_kernel::StoreError;

use super::world::{audit_entry_is_stored, tenant};
use crate::{
    Harness, Skip,
    builders::{application, application_id, organization_id},
    concurrency::{in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{ok, parsed, some},
};

/// Application 1 under this name.
fn named(name: &str) -> Application {
    Application { name: parsed(name), ..application(1, organization_id(1)) }
}

/// Locks application 1 and renames it, without a commit.
async fn rename(store: Arc<dyn AppStore>, name: &'static str) -> Result<Box<dyn AppTransaction>, StoreError> {
    let mut tx = store.begin().await?;
    some(tx.applications().lock(application_id(1)).await?);
    tx.applications().update(&named(name)).await?;
    Ok(tx)
}

contract!(
    use app_transactions as app_transactions_contract;

    async fn a_transaction_sees_what_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let second = application(2, organization_id(1));
        let mut tx = ok(stores.apps.begin().await);
        ok(tx.applications().insert(&second).await);
        assert_eq!(ok(tx.applications().lock(second.id).await).as_ref(), Some(&second));
        assert_eq!(ok(tx.applications().lock_and_count(organization_id(1)).await), Some(2));
        let renamed = Application { name: parsed("new"), ..second };
        assert!(ok(tx.applications().update(&renamed).await));
        assert_eq!(ok(tx.applications().lock(renamed.id).await).as_ref(), Some(&renamed));
        assert!(ok(tx.applications().delete(renamed.id).await));
        assert_eq!(ok(tx.applications().lock(renamed.id).await), None);
        assert_eq!(ok(tx.applications().lock_and_count(organization_id(1)).await), Some(1));
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let first = ok(rename(stores.apps.clone(), "first").await);
        let read = async || ok(stores.apps.find_application(application_id(1)).await);
        second_leaves_while_first_holds(rename(stores.apps.clone(), "left"), read).await;
        ok(in_time(first.commit()).await);
        let mut next = ok(in_time(stores.apps.begin()).await);
        assert_eq!(ok(in_time(next.applications().lock(application_id(1))).await), Some(named("first")));
        drop(next);
        nothing_is_held(harness).await;
    }

    async fn an_audit_entry_of_an_organization_is_stored(harness: &impl Harness) {
        audit_entry_is_stored!(harness, apps);
    }

    async fn commits_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        tenant(stores, 1).await;
        ok(ok(rename(stores.apps.clone(), "new").await).commit().await);
        drop(ok(rename(stores.apps.clone(), "lost").await));
        harness.reopen().await?;
        let found = ok(harness.stores().apps.find_application(application_id(1)).await);
        assert_eq!(found, Some(named("new")));
        Ok(())
    }
);
