//! Contract of [`SsoTransaction`].

use std::sync::Arc;

use tessera_kernel::StoreError;
use tessera_sso::{
    model::{AuthorizationCode, AuthorizationState, SsoCodeState, SsoSession},
    ports::{SsoStore, SsoTransaction},
};

use super::world::{audit_entry_is_stored, tenant};
use crate::{
    Harness, Skip,
    builders::{NOW, application_id, sso_code, sso_session, user_id},
    concurrency::{in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{ok, some},
};

fn code() -> AuthorizationCode {
    sso_code(1, application_id(1), user_id(1))
}

/// Locks the code and redeems it, without a commit.
async fn redeem(store: Arc<dyn SsoStore>) -> Result<Box<dyn SsoTransaction>, StoreError> {
    let mut tx = store.begin().await?;
    some(tx.sso_codes().lock(&code().hash).await?);
    tx.sso_codes().redeem(&code().hash, NOW).await?;
    Ok(tx)
}

contract!(
    use sso_transactions as sso_transactions_contract;

    async fn a_transaction_sees_what_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let session = sso_session(1, application_id(1));
        let step = AuthorizationState::Completed { at: NOW };
        let mut tx = ok(stores.sso.begin().await);
        ok(tx.sso_sessions().insert(&session).await);
        assert!(ok(tx.sso_sessions().set_step(session.id, &step).await));
        let seen = some(ok(tx.sso_sessions().lock(session.id).await)).0;
        assert_eq!(seen, SsoSession { step, ..session });
        ok(tx.sso_codes().insert(&code()).await);
        assert!(ok(tx.sso_codes().redeem(&code().hash, NOW).await));
        assert!(!ok(tx.sso_codes().redeem(&code().hash, NOW).await));
        let seen = some(ok(tx.sso_codes().lock(&code().hash).await)).0;
        assert_eq!(seen, AuthorizationCode { state: SsoCodeState::Redeemed { at: NOW }, ..code() });
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        tenant(stores, 1).await;
        stores.add_sso_code(&code()).await;
        let mut first = ok(stores.sso.begin().await);
        some(ok(first.sso_codes().lock(&code().hash).await));
        let read = async || ok(stores.sso.knows_sso_code(&code().hash).await);
        second_leaves_while_first_holds(redeem(stores.sso.clone()), read).await;
        ok(in_time(first.commit()).await);
        let mut next = ok(in_time(stores.sso.begin()).await);
        assert_eq!(some(ok(in_time(next.sso_codes().lock(&code().hash)).await)).0, code());
        drop(next);
        nothing_is_held(harness).await;
    }

    async fn an_audit_entry_of_an_organization_is_stored(harness: &impl Harness) {
        audit_entry_is_stored!(harness, sso);
    }

    async fn commits_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        tenant(stores, 1).await;
        let session = sso_session(1, application_id(1));
        stores.add_sso_session(&session).await;
        stores.add_sso_code(&code()).await;
        ok(ok(redeem(stores.sso.clone()).await).commit().await);
        harness.reopen().await?;
        let stores = harness.stores();
        assert_eq!(ok(stores.sso.find_sso_session(session.id).await), Some(session));
        let mut tx = ok(stores.sso.begin().await);
        let found = some(ok(tx.sso_codes().lock(&code().hash).await)).0;
        assert_eq!(found.state, SsoCodeState::Redeemed { at: NOW });
        Ok(())
    }
);
