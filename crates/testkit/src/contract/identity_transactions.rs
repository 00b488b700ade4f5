//! Contract of [`IdentityTransaction`].

use std::sync::Arc;

use tessera_identity::{
    model::{Credentials, PasswordHash},
    ports::{DeviceStatus, IdentityStore, IdentityTransaction},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use tessera_outbox::{Notice, NoticeTopic, Notices};
use time::Duration;

use super::world::{audit_entry_is_stored, message_reaches_the_outbox};
use crate::{
    Harness, Skip,
    builders::{NOW, bare_user, document, password_reset, session, session_id, user, user_id, wallet},
    concurrency::{in_time, nothing_is_held, second_leaves_while_first_holds},
    expectations::{ok, parsed, some},
};

fn hash_of(text: &str) -> PasswordHash {
    PasswordHash::from_phc(text.to_owned())
}

/// Locks a user and changes the password hash, without a commit.
async fn change(
    store: Arc<dyn IdentityStore>,
    id: UserId,
    hash: PasswordHash,
) -> Result<Box<dyn IdentityTransaction>, StoreError> {
    let mut tx = store.begin().await?;
    some(tx.users().lock(id).await?);
    tx.users().set_password_hash(id, &hash).await?;
    Ok(tx)
}

contract!(
    use identity_transactions as identity_transactions_contract;

    async fn a_transaction_sees_the_account_that_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        let now = ok(stores.resets.now().await);
        let reset = password_reset(1, &user(1), now, 60);
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().insert(&user(1), None).await);
        ok(tx.wallets().insert(user_id(1), &wallet(1)).await);
        assert_eq!(ok(tx.wallets().find_holder(&wallet(1).account.address()).await), Some(user_id(1)));
        assert!(ok(tx.wallets().delete(user_id(1), &wallet(1).account.address()).await));
        assert_eq!(ok(tx.wallets().find_holder(&wallet(1).account.address()).await), None);
        assert!(ok(tx.users().update_profile(&bare_user(1)).await));
        let seen = some(ok(tx.users().lock_by_email(&parsed("user1@example.com")).await));
        assert_eq!((seen.user.display_name, seen.user.wallets), (None, Vec::new()));
        ok(tx.password_resets().issue(&reset).await);
        assert_eq!(ok(tx.password_resets().find_open_of(user_id(1)).await).as_ref(), Some(&reset));
        assert_eq!(ok(tx.password_resets().take(user_id(1), &reset.hash).await), Some(reset));
        assert_eq!(ok(tx.password_resets().find_open_of(user_id(1)).await), None);
        ok(tx.custom_data().save(user_id(1), &document()).await);
        assert_eq!(ok(tx.custom_data().find(user_id(1)).await), Some(document()));
    }

    async fn a_transaction_sees_the_sign_in_that_it_wrote(harness: &impl Harness) {
        let stores = harness.stores();
        let (device, at) = (SecretHash::from_bytes([7; 32]), NOW + Duration::SECOND);
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.users().insert(&user(1), None).await);
        ok(tx.sessions().insert(&session(1, user_id(1))).await);
        assert!(ok(tx.sessions().is_live(user_id(1), session_id(1), at).await));
        assert!(ok(tx.sessions().end(user_id(1), session_id(1), at).await));
        assert!(!ok(tx.sessions().is_live(user_id(1), session_id(1), at).await));
        assert_eq!(ok(tx.known_devices().record(user_id(1), &device, NOW).await), DeviceStatus::First);
        assert_eq!(ok(tx.known_devices().record(user_id(1), &device, at).await), DeviceStatus::Known);
        let to = parsed("user1@example.com");
        let notice = Notice { topic: NoticeTopic::SignIns, to: &to, at: NOW };
        for number in [1, 2] {
            let counted = tx.outbox().count_notice(notice, Notices::WINDOW).await;
            assert_eq!(ok(counted), number);
        }
    }

    async fn a_cancelled_waiter_holds_no_lock_and_no_connection(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash_of("old")).await;
        let first = ok(change(stores.identity.clone(), user_id(1), hash_of("first")).await);
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        second_leaves_while_first_holds(change(stores.identity.clone(), user_id(1), hash_of("left")), read).await;
        ok(in_time(first.commit()).await);
        let mut next = ok(in_time(stores.identity.begin()).await);
        let seen = ok(in_time(next.users().lock(user_id(1))).await);
        assert_eq!(seen, Some(Credentials { user: user(1), password_hash: Some(hash_of("first")) }));
        drop(next);
        nothing_is_held(harness).await;
    }

    async fn an_audit_entry_of_an_organization_is_stored(harness: &impl Harness) {
        audit_entry_is_stored!(harness, identity);
    }

    async fn a_message_reaches_the_outbox_with_the_commit(harness: &impl Harness) {
        message_reaches_the_outbox!(harness, identity);
    }

    async fn commits_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        stores.add_user_with_password(&user(1), &hash_of("old")).await;
        stores.add_session(&session(1, user_id(1))).await;
        let committed = ok(change(stores.identity.clone(), user_id(1), hash_of("new")).await);
        ok(committed.commit().await);
        drop(ok(change(stores.identity.clone(), user_id(1), hash_of("lost")).await));
        harness.reopen().await?;
        let stores = harness.stores();
        let found = ok(stores.identity.find_credentials_of(user_id(1)).await);
        assert_eq!(found, Some(Credentials { user: user(1), password_hash: Some(hash_of("new")) }));
        let found = ok(stores.identity.find_session(session_id(1)).await).map(|known| known.session);
        assert_eq!(found, Some(session(1, user_id(1))));
        Ok(())
    }
);
