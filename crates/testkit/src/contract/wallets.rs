//! Contract of [`Wallets`](tessera_identity::ports::Wallets).

use std::sync::Arc;

use tessera_identity::{
    model::{Credentials, Wallet},
    ports::IdentityStore,
};
use tessera_kernel::{Chain, StoreError, UserId, WalletAddress};
use time::Duration;

use crate::{
    Harness,
    builders::{NOW, bare_user, user, user_id, wallet, wallet_account},
    concurrency::{attempts_at_once, in_time, nothing_is_held, one_wins, second_comes_while_first_holds},
    expectations::{conflict, ok, parsed, some},
};

async fn insert(store: Arc<dyn IdentityStore>, user: UserId, wallet: Wallet) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.wallets().insert(user, &wallet).await?;
    tx.commit().await
}

async fn delete(store: &dyn IdentityStore, user: UserId, wallet: &Wallet) -> bool {
    let mut tx = ok(store.begin().await);
    let deleted = ok(tx.wallets().delete(user, &wallet.account.address()).await);
    ok(tx.commit().await);
    deleted
}

async fn holder(store: &dyn IdentityStore, wallet: &Wallet) -> Option<UserId> {
    let mut tx = ok(store.begin().await);
    ok(tx.wallets().find_holder(&wallet.account.address()).await)
}

async fn wallets_of(store: &dyn IdentityStore, user: UserId) -> Vec<Wallet> {
    some(ok(store.find_user(user).await)).wallets
}

contract!(
    use wallets as wallets_contract;

    async fn a_user_is_returned_with_the_wallets(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        stores.add_wallets(user_id(1), [&wallet(1)]).await;
        let expected = tessera_identity::model::User { wallets: vec![wallet(1)], ..user(1) };
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(expected.clone()));
        let credentials = Credentials { user: expected, password_hash: None };
        let by_address = ok(stores.identity.find_credentials(&parsed("user1@example.com")).await);
        assert_eq!(by_address.as_ref(), Some(&credentials));
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.users().lock(user_id(1)).await), Some(credentials));
        assert_eq!(some(ok(tx.users().lock(user_id(2)).await)).user, user(2));
    }

    async fn a_user_is_locked_by_their_wallet(harness: &impl Harness) {
        async fn wallets_of_holder(
            store: Arc<dyn IdentityStore>,
            address: WalletAddress,
        ) -> Result<Option<Vec<Wallet>>, StoreError> {
            let mut tx = store.begin().await?;
            let known = tx.users().lock_by_wallet(&address).await?;
            tx.commit().await?;
            Ok(known.map(|known| known.user.wallets))
        }
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        stores.add_wallets(user_id(1), [&wallet(1), &wallet(2)]).await;
        let with_wallets = tessera_identity::model::User { wallets: vec![wallet(1), wallet(2)], ..user(1) };
        let address = |number| wallet(number).account.address();
        let mut first = ok(stores.identity.begin().await);
        for number in [1, 2] {
            assert_eq!(some(ok(first.users().lock_by_wallet(&address(number)).await)).user, with_wallets);
        }
        assert_eq!(ok(first.users().lock_by_wallet(&address(3)).await), None);
        let store = stores.identity.clone();
        let second = move || wallets_of_holder(store.clone(), wallet(1).account.address());
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        let second = second_comes_while_first_holds(harness, second, read).await;
        let first = async {
            first.wallets().delete(user_id(1), &address(1)).await?;
            first.commit().await
        };
        // A statement that found the user before it waited returns the user. The wallets are read under the lock.
        if let Some(wallets) = second.after(harness, first).await.map(ok) {
            assert!(wallets.as_ref().is_none_or(|wallets| *wallets == [wallet(2)]), "{wallets:?}");
        }
        nothing_is_held(harness).await;
    }

    async fn a_wallet_keeps_the_chain_that_it_was_linked_with(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        let on = |(number, chain)| Wallet { account: wallet_account(number, chain), ..wallet(number) };
        let wallets: Vec<Wallet> =
            (1..).zip(Chain::NAMED.into_iter().chain(Chain::of_id(Chain::MAX_ID))).map(on).collect();
        stores.add_wallets(user_id(1), &wallets).await;
        assert_eq!(wallets_of(&*stores.identity, user_id(1)).await, wallets);
    }

    async fn wallets_are_listed_in_the_order_of_linking(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        let at = |number, micros| Wallet { linked_at: NOW + Duration::microseconds(micros), ..wallet(number) };
        let (late, early) = (at(1, 9), at(2, 3));
        stores.add_wallets(user_id(1), [&late, &early]).await;
        assert_eq!(wallets_of(&*stores.identity, user_id(1)).await, [early, late]);
    }

    async fn a_user_is_added_without_their_wallets(harness: &impl Harness) {
        let stores = harness.stores();
        let with_wallet = tessera_identity::model::User { wallets: vec![wallet(1)], ..user(1) };
        stores.add_users([&with_wallet]).await;
        assert_eq!(ok(stores.identity.find_user(user_id(1)).await), Some(user(1)));
        assert_eq!(holder(&*stores.identity, &wallet(1)).await, None);
    }

    async fn a_wallet_identifies_its_user_on_every_chain_of_its_kind(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1), &bare_user(2)]).await;
        stores.add_wallets(user_id(2), [&wallet(1)]).await;
        let on_base = Wallet { account: wallet_account(1, Chain::Base), ..wallet(1) };
        assert_eq!(holder(&*stores.identity, &on_base).await, Some(user_id(2)));
        assert_eq!(holder(&*stores.identity, &wallet(2)).await, None);
    }

    async fn a_wallet_requires_its_user(harness: &impl Harness) {
        conflict(insert(harness.stores().identity.clone(), user_id(1), wallet(1)).await, StoreError::REFERENCE);
    }

    async fn an_address_is_one_wallet_on_all_chains(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1), &bare_user(2)]).await;
        stores.add_wallets(user_id(1), [&wallet(1)]).await;
        for user in [user_id(1), user_id(2)] {
            for chain in [Chain::Ethereum, Chain::Polygon, Chain::Base] {
                let again = Wallet { account: wallet_account(1, chain), ..wallet(1) };
                conflict(insert(stores.identity.clone(), user, again).await, "wallets_namespace_address");
            }
        }
        assert_eq!(holder(&*stores.identity, &wallet(1)).await, Some(user_id(1)));
        nothing_is_held(harness).await;
    }

    async fn addresses_of_two_kinds_do_not_conflict(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1), &bare_user(2)]).await;
        let solana = Wallet { account: wallet_account(1, Chain::Solana), ..wallet(1) };
        stores.add_wallets(user_id(1), [&wallet(1)]).await;
        stores.add_wallets(user_id(2), [&solana]).await;
        assert_eq!(holder(&*stores.identity, &wallet(1)).await, Some(user_id(1)));
        assert_eq!(holder(&*stores.identity, &solana).await, Some(user_id(2)));
    }

    async fn a_wallet_is_unlinked_only_from_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1), &bare_user(2)]).await;
        stores.add_wallets(user_id(1), [&wallet(1), &wallet(2)]).await;
        assert!(!delete(&*stores.identity, user_id(2), &wallet(1)).await);
        assert!(delete(&*stores.identity, user_id(1), &wallet(1)).await);
        assert!(!delete(&*stores.identity, user_id(1), &wallet(1)).await);
        assert_eq!(wallets_of(&*stores.identity, user_id(1)).await, [wallet(2)]);
    }

    async fn an_unlinked_wallet_can_be_linked_to_another_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1), &bare_user(2)]).await;
        stores.add_wallets(user_id(1), [&wallet(1)]).await;
        assert!(delete(&*stores.identity, user_id(1), &wallet(1)).await);
        ok(insert(stores.identity.clone(), user_id(2), wallet(1)).await);
        assert_eq!(holder(&*stores.identity, &wallet(1)).await, Some(user_id(2)));
    }

    async fn of_eight_users_with_one_wallet_one_is_added(harness: &impl Harness) {
        async fn make(store: Arc<dyn IdentityStore>, number: u32) -> Result<(), StoreError> {
            let mut tx = store.begin().await?;
            tx.users().insert(&bare_user(number), None).await?;
            tx.wallets().insert(user_id(number), &wallet(99)).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        let attempts = attempts_at_once(harness, 8, |number| make(stores.identity.clone(), number)).await;
        one_wins(attempts, "wallets_namespace_address");
        let winner = some(holder(&*stores.identity, &wallet(99)).await);
        for number in 0..8 {
            let there = ok(stores.identity.find_user(user_id(number)).await).is_some();
            assert_eq!(there, user_id(number) == winner);
        }
        nothing_is_held(harness).await;
    }

    async fn a_dropped_transaction_links_no_wallet(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.wallets().insert(user_id(1), &wallet(1)).await);
        assert_eq!(some(ok(tx.users().lock(user_id(1)).await)).user.wallets, [wallet(1)]);
        drop(tx);
        assert_eq!(in_time(holder(&*stores.identity, &wallet(1))).await, None);
        nothing_is_held(harness).await;
    }
);
