//! Contract of [`PasswordResets`](tessera_identity::ports::PasswordResets) and of
//! [`PasswordResetRows`](tessera_identity::ports::PasswordResetRows).

use std::sync::Arc;

use tessera_identity::{
    model::{DisplayName, PasswordReset, ResetRequest, User},
    ports::IdentityStore,
};
use tessera_kernel::{EmailAddress, RequestMetadata, SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use super::world::neighbour_of;
use crate::{
    Harness, Skip, Stores,
    builders::{bare_user, origin, password_reset, reset_request, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held, second_comes_while_first_holds},
    expectations::{conflict, ok, parsed, some},
};

async fn now(stores: &Stores) -> OffsetDateTime {
    ok(stores.resets.now().await)
}

async fn ask(stores: &Stores, all: &[ResetRequest]) {
    for request in all {
        ok(stores.resets.ask(request).await);
    }
}

async fn take_request(store: Arc<dyn IdentityStore>) -> Result<Option<ResetRequest>, StoreError> {
    let mut tx = store.begin().await?;
    let taken = tx.password_resets().take_request().await?;
    tx.commit().await?;
    Ok(taken)
}

async fn issue(stores: &Stores, reset: &PasswordReset) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.password_resets().issue(reset).await?;
    tx.commit().await
}

async fn take(
    store: Arc<dyn IdentityStore>,
    user: UserId,
    hash: SecretHash,
) -> Result<Option<PasswordReset>, StoreError> {
    let mut tx = store.begin().await?;
    let taken = tx.password_resets().take(user, &hash).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn find(stores: &Stores, reset: &PasswordReset) -> Option<PasswordReset> {
    ok(in_time(stores.resets.find_open(&reset.hash)).await)
}

/// Adds users 1 and 2 with one reset each.
async fn two_resets(stores: &Stores) -> (PasswordReset, PasswordReset) {
    stores.add_users([&user(1), &user(2)]).await;
    let now = now(stores).await;
    let (one, other) = (password_reset(1, &user(1), now, 60), password_reset(2, &user(2), now, 60));
    for reset in [&one, &other] {
        stores.add_password_reset(reset).await;
    }
    (one, other)
}

contract!(
    use password_resets as password_resets_contract;

    async fn a_request_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let request = reset_request(1, now(stores).await, 60);
        // The canonical form of this address is longer than the maximum length of an address.
        let email: EmailAddress = parsed(&format!("{}@Example.com", "İ".repeat(32)));
        let nowhere = RequestMetadata { address: None, client_request_id: None, ..origin() };
        let other = ResetRequest {
            email: email.clone(),
            origin: nowhere,
            links_left: None,
            ..reset_request(2, now(stores).await, 61)
        };
        ask(stores, &[request.clone(), other.clone()]).await;
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(request));
        let taken = some(ok(take_request(stores.identity.clone()).await));
        assert_eq!(taken.email.as_str(), email.as_str());
        assert_eq!(taken, other);
        assert_eq!(ok(take_request(stores.identity.clone()).await), None);
    }

    async fn a_request_is_stored_with_and_without_an_account(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &bare_user(2)]).await;
        let now = now(stores).await;
        ask(stores, &[reset_request(1, now, 60), reset_request(2, now, 61), reset_request(3, now, 62)]).await;
        for number in 1..=3 {
            let taken = some(ok(take_request(stores.identity.clone()).await));
            assert_eq!(taken.email, some(user(number).email));
        }
    }

    async fn a_request_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        let request = reset_request(1, now(stores).await, 60);
        ask(stores, std::slice::from_ref(&request)).await;
        let other = ResetRequest { email: parsed("other@example.com"), ..request };
        conflict(stores.resets.ask(&other).await, "password_reset_requests_id");
    }

    async fn requests_are_leased_in_the_order_of_their_creation(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        ask(stores, &[reset_request(1, now, 90), reset_request(2, now, 60), reset_request(3, now, 120)]).await;
        for number in [2, 1, 3] {
            assert_eq!(some(ok(take_request(stores.identity.clone()).await)).id, reset_request(number, now, 0).id);
        }
    }

    async fn all_requests_for_an_address_are_leased_together(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let again = |number, email| ResetRequest { email: parsed(email), ..reset_request(number, now, 70) };
        let first = reset_request(1, now, 60);
        let all =
            [first.clone(), again(2, "USER1@example.com"), again(3, "user1@EXAMPLE.com"), again(4, "u@example.com")];
        ask(stores, &all).await;
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(first));
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(all[3].clone()));
        assert_eq!(ok(take_request(stores.identity.clone()).await), None);
    }

    async fn an_expired_request_is_not_leased(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        ask(stores, &[reset_request(1, now, 0), reset_request(2, now, -60), reset_request(3, now, 60)]).await;
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(reset_request(3, now, 60)));
        assert_eq!(ok(take_request(stores.identity.clone()).await), None);
    }

    async fn a_request_is_leased_again_after_its_lease_expires(harness: &impl Harness) {
        let stores = harness.stores();
        let request = reset_request(1, now(stores).await, 60);
        ask(stores, std::slice::from_ref(&request)).await;
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.password_resets().take_request().await).as_ref(), Some(&request));
        drop(tx);
        // Other takers may skip the request until the transaction is rolled back.
        nothing_is_held(harness).await;
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(request));
    }

    async fn of_eight_concurrent_jobs_one_leases_each_request(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let all: Vec<ResetRequest> = (1..=5).map(|number| reset_request(number, now, 60 + i64::from(number))).collect();
        ask(stores, &all).await;
        let mut taken = Vec::new();
        // A taker gets no request while other transactions hold all waiting ones, so it tries again.
        while taken.len() < all.len() {
            let round = at_once(harness, 8, |_| take_request(stores.identity.clone())).await;
            taken.extend(round.into_iter().flatten());
        }
        taken.sort_by_key(|request| request.id);
        assert_eq!(taken, all);
        assert_eq!(ok(take_request(stores.identity.clone()).await), None);
        nothing_is_held(harness).await;
    }

    async fn only_requests_without_an_account_are_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &bare_user(2)]).await;
        let now = now(stores).await;
        let upper = ResetRequest { email: parsed("User1@Example.COM"), ..reset_request(1, now, 60) };
        ask(stores, &[upper.clone(), reset_request(2, now, 60), reset_request(3, now, 60), reset_request(4, now, -60)])
            .await;
        for dismissed in [2, 1, 0] {
            assert_eq!(ok(stores.resets.delete_requests_without_account(2).await), dismissed);
        }
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(upper));
        assert_eq!(ok(take_request(stores.identity.clone()).await), None);
    }

    async fn a_user_is_locked_by_their_address(harness: &impl Harness) {
        async fn display_name(store: Arc<dyn IdentityStore>) -> Result<Option<DisplayName>, StoreError> {
            let mut tx = store.begin().await?;
            let read = some(tx.users().lock(user_id(1)).await?).user.display_name;
            tx.commit().await?;
            Ok(read)
        }
        let stores = harness.stores();
        stores.add_users([&user(1), &bare_user(2)]).await;
        let locked = async |email: &str| {
            let mut tx = ok(stores.identity.begin().await);
            ok(tx.users().lock_by_email(&parsed(email)).await).map(|known| known.user)
        };
        for email in ["user1@example.com", "USER1@EXAMPLE.COM"] {
            assert_eq!(locked(email).await, Some(user(1)));
        }
        assert_eq!(locked("user2@example.com").await, None);
        let mut first = ok(stores.identity.begin().await);
        some(ok(first.users().lock_by_email(&parsed("user1@example.com")).await));
        let store = stores.identity.clone();
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        let second = second_comes_while_first_holds(harness, move || display_name(store.clone()), read).await;
        let changed = User { display_name: None, ..user(1) };
        let first = async {
            first.users().update_profile(&changed).await?;
            first.commit().await
        };
        second.gets(None, harness, first).await;
        nothing_is_held(harness).await;
    }

    async fn a_token_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let reset = password_reset(1, &user(1), now(stores).await, 60);
        stores.add_password_reset(&reset).await;
        assert_eq!(find(stores, &reset).await, Some(reset.clone()));
        assert_eq!(ok(take(stores.identity.clone(), reset.user, reset.hash).await), Some(reset));
    }

    async fn a_token_is_consumed_once_and_only_of_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        let (one, other) = two_resets(stores).await;
        let unknown = password_reset(3, &user(1), now(stores).await, 60);
        assert_eq!(find(stores, &unknown).await, None);
        for (user, hash) in [(user_id(1), other.hash), (user_id(2), one.hash), (user_id(1), unknown.hash)] {
            assert_eq!(ok(take(stores.identity.clone(), user, hash).await), None);
        }
        assert_eq!(ok(take(stores.identity.clone(), user_id(1), one.hash).await), Some(one.clone()));
        assert_eq!(ok(take(stores.identity.clone(), user_id(1), one.hash).await), None);
        assert_eq!((find(stores, &one).await, find(stores, &other).await), (None, Some(other)));
    }

    async fn an_expired_token_is_invalid(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        for (number, left) in [(1, 0), (2, -60), (3, -3600)] {
            let reset = password_reset(number, &user(1), now(stores).await, left);
            stores.add_password_reset(&reset).await;
            assert_eq!(find(stores, &reset).await, None);
            assert_eq!(ok(take(stores.identity.clone(), reset.user, reset.hash).await), None);
        }
    }

    async fn a_new_token_replaces_the_old_one(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let now = now(stores).await;
        let old = password_reset(1, &user(1), now, 60);
        let new = PasswordReset { email: parsed("new@example.com"), ..password_reset(2, &user(1), now, 90) };
        for reset in [&old, &new] {
            stores.add_password_reset(reset).await;
        }
        assert_eq!((find(stores, &old).await, find(stores, &new).await), (None, Some(new.clone())));
        assert_eq!(ok(take(stores.identity.clone(), user_id(1), old.hash).await), None);
        assert_eq!(ok(take(stores.identity.clone(), user_id(1), new.hash).await), Some(new));
    }

    async fn the_valid_token_of_a_user_is_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2), &user(3)]).await;
        let now = now(stores).await;
        let (valid, expired) = (password_reset(1, &user(1), now, 60), password_reset(2, &user(2), now, 0));
        for reset in [&valid, &expired] {
            stores.add_password_reset(reset).await;
        }
        let mut tx = ok(stores.identity.begin().await);
        for (number, expected) in [(1, Some(&valid)), (2, None), (3, None)] {
            let found = ok(tx.password_resets().find_open_of(user_id(number)).await);
            assert_eq!(found.as_ref(), expected, "{number}");
        }
    }

    async fn a_token_requires_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        let orphan = password_reset(1, &user(1), now(stores).await, 60);
        conflict(issue(stores, &orphan).await, StoreError::REFERENCE);
        assert_eq!(find(stores, &orphan).await, None);
    }

    async fn a_token_belongs_to_one_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = now(stores).await;
        let one = password_reset(1, &user(1), now, 60);
        stores.add_password_reset(&one).await;
        conflict(issue(stores, &password_reset(1, &user(2), now, 60)).await, "password_resets_token_hash");
        // Storing the same token again causes no conflict.
        stores.add_password_reset(&one).await;
        assert_eq!(find(stores, &one).await, Some(one));
    }

    async fn a_cancelled_token_is_invalid(harness: &impl Harness) {
        let stores = harness.stores();
        let (one, other) = two_resets(stores).await;
        let withdraw = async || {
            let mut tx = ok(stores.identity.begin().await);
            let withdrawn = ok(tx.password_resets().withdraw(user_id(1)).await);
            ok(tx.commit().await);
            withdrawn
        };
        assert!(withdraw().await);
        assert!(!withdraw().await);
        assert_eq!((find(stores, &one).await, find(stores, &other).await), (None, Some(other)));
    }

    async fn of_sixteen_concurrent_consumers_of_a_token_one_gets_it(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let reset = password_reset(1, &user(1), now(stores).await, 60);
        stores.add_password_reset(&reset).await;
        let taken = at_once(harness, 16, |_| take(stores.identity.clone(), reset.user, reset.hash)).await;
        assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [reset]);
        nothing_is_held(harness).await;
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = now(stores).await;
        let (one, other) = (password_reset(1, &user(1), now, 60), password_reset(2, &user(2), now, 60));
        stores.add_password_reset(&one).await;
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.password_resets().take(user_id(1), &one.hash).await).as_ref(), Some(&one));
        ok(tx.password_resets().issue(&other).await);
        drop(tx);
        assert_eq!(ok(in_time(take(stores.identity.clone(), user_id(1), one.hash)).await), Some(one));
        assert_eq!(find(stores, &other).await, None);
        nothing_is_held(harness).await;
    }

    async fn hashes_that_differ_in_their_last_byte_are_two_tokens(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = now(stores).await;
        let one = password_reset(1, &user(1), now, 60);
        let other = PasswordReset { hash: neighbour_of(one.hash), ..password_reset(2, &user(2), now, 60) };
        stores.add_password_reset(&one).await;
        assert_eq!(find(stores, &other).await, None);
        stores.add_password_reset(&other).await;
        assert_eq!(ok(take(stores.identity.clone(), user_id(2), other.hash).await), Some(other));
        assert_eq!(find(stores, &one).await, Some(one));
    }

    async fn requests_and_tokens_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let now = now(stores).await;
        let (request, reset) = (reset_request(1, now, 600), password_reset(1, &user(1), now, 600));
        ask(stores, std::slice::from_ref(&request)).await;
        stores.add_password_reset(&reset).await;
        harness.reopen().await?;
        let stores = harness.stores();
        assert_eq!(find(stores, &reset).await, Some(reset));
        assert_eq!(ok(take_request(stores.identity.clone()).await), Some(request));
        Ok(())
    }
);
