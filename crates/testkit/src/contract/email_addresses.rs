//! Contract of [`EmailVerifications`](tessera_identity::ports::EmailVerifications) and of
//! [`EmailProofs`](tessera_identity::ports::EmailProofs).

use std::sync::Arc;

use tessera_identity::{
    model::{EmailChange, EmailProof, ProofSide, User, WRONG_CODES},
    ports::IdentityStore,
};
use tessera_kernel::{EmailAddress, SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::{
    Harness, Stores,
    builders::{NOW, email_change, email_proof, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{conflict, ok, parsed, some},
};

async fn now(stores: &Stores) -> OffsetDateTime {
    ok(stores.addresses.now().await)
}

async fn issue(stores: &Stores, proof: &EmailProof) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.email_proofs().issue(proof).await?;
    tx.commit().await
}

async fn save(stores: &Stores, change: &EmailChange) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.email_proofs().save_change(change).await?;
    tx.commit().await
}

/// What identifies a proof of a user.
#[derive(Clone, Copy)]
enum By {
    Token(SecretHash),
    Code(SecretHash),
}

async fn take(store: Arc<dyn IdentityStore>, user: UserId, by: By) -> Result<Option<EmailProof>, StoreError> {
    let mut tx = store.begin().await?;
    tx.users().lock(user).await?;
    let taken = match by {
        By::Token(token) => tx.email_proofs().take(user, &token).await?,
        By::Code(code) => tx.email_proofs().take_by_code(user, &code).await?,
    };
    tx.commit().await?;
    Ok(taken)
}

async fn count_wrong_code(stores: &Stores, user: UserId) -> bool {
    let mut tx = ok(stores.identity.begin().await);
    let counted = ok(tx.email_proofs().count_wrong_code(user).await);
    ok(tx.commit().await);
    counted
}

async fn find(stores: &Stores, proof: &EmailProof) -> Option<EmailProof> {
    ok(in_time(stores.addresses.find_proof(&proof.token)).await)
}

/// Adds user 1 with a proof for each side, which differ in their number.
async fn three_proofs(stores: &Stores) -> [EmailProof; 3] {
    stores.add_users([&user(1)]).await;
    let now = now(stores).await;
    let proofs = [(1, ProofSide::Current), (2, ProofSide::New), (3, ProofSide::Old)]
        .map(|(number, side)| email_proof(number, &user(1), side, now, 60));
    for proof in &proofs {
        ok(issue(stores, proof).await);
    }
    proofs
}

contract!(
    use email_addresses as email_addresses_contract;

    async fn a_proof_is_returned_as_stored_and_taken_once(harness: &impl Harness) {
        let stores = harness.stores();
        for proof in three_proofs(stores).await {
            assert_eq!(find(stores, &proof).await.as_ref(), Some(&proof));
            let by = if proof.side == ProofSide::New { By::Code(proof.code) } else { By::Token(proof.token) };
            assert_eq!(ok(take(stores.identity.clone(), user_id(1), by).await), Some(proof.clone()));
            assert_eq!(find(stores, &proof).await, None);
            assert_eq!(ok(take(stores.identity.clone(), user_id(1), by).await), None);
        }
    }

    async fn a_proof_is_only_taken_by_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        let [proof, ..] = three_proofs(stores).await;
        stores.add_users([&user(2)]).await;
        for by in [By::Token(proof.token), By::Code(proof.code)] {
            assert_eq!(ok(take(stores.identity.clone(), user_id(2), by).await), None);
        }
        // A code is no token.
        assert_eq!(ok(take(stores.identity.clone(), user_id(1), By::Token(proof.code)).await), None);
        assert_eq!(find(stores, &proof).await, Some(proof));
    }

    async fn an_expired_proof_or_change_is_invalid(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let now = now(stores).await;
        let proof = email_proof(1, &user(1), ProofSide::New, now, -1);
        ok(issue(stores, &proof).await);
        ok(save(stores, &email_change(&user(1), now, -1)).await);
        assert_eq!(find(stores, &proof).await, None);
        assert_eq!(ok(take(stores.identity.clone(), user_id(1), By::Code(proof.code)).await), None);
        assert_eq!(ok(stores.addresses.find_change(user_id(1)).await), None);
        assert!(!count_wrong_code(stores, user_id(1)).await);
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.email_proofs().find_change_of(user_id(1)).await), None);
    }

    async fn a_new_proof_replaces_the_one_of_its_side(harness: &impl Harness) {
        let stores = harness.stores();
        let [current, new, _] = three_proofs(stores).await;
        let now = now(stores).await;
        let next =
            EmailProof { email: parsed("next@example.com"), ..email_proof(9, &user(1), ProofSide::New, now, 90) };
        ok(issue(stores, &next).await);
        assert_eq!((find(stores, &new).await, find(stores, &next).await), (None, Some(next)));
        assert_eq!(find(stores, &current).await, Some(current));
    }

    async fn a_proof_requires_its_user_and_a_token_of_its_own(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        conflict(issue(stores, &email_proof(1, &user(1), ProofSide::New, now, 60)).await, StoreError::REFERENCE);
        conflict(save(stores, &email_change(&user(1), now, 60)).await, StoreError::REFERENCE);
        stores.add_users([&user(1), &user(2)]).await;
        ok(issue(stores, &email_proof(1, &user(1), ProofSide::New, now, 60)).await);
        let same = email_proof(1, &user(2), ProofSide::Current, now, 60);
        conflict(issue(stores, &same).await, "email_proofs_token_hash");
    }

    async fn wrong_codes_invalidate_all_proofs_of_a_user(harness: &impl Harness) {
        let stores = harness.stores();
        let proofs = three_proofs(stores).await;
        stores.add_users([&user(2)]).await;
        let other = email_proof(4, &user(2), ProofSide::Current, now(stores).await, 60);
        ok(issue(stores, &other).await);
        for _ in 1..WRONG_CODES {
            assert!(count_wrong_code(stores, user_id(1)).await);
        }
        // A new mail has all its attempts.
        let fresh = email_proof(5, &user(1), ProofSide::New, now(stores).await, 60);
        ok(issue(stores, &fresh).await);
        assert!(count_wrong_code(stores, user_id(1)).await);
        for proof in &proofs {
            assert_eq!(find(stores, proof).await, None);
        }
        assert_eq!((find(stores, &fresh).await, find(stores, &other).await), (Some(fresh), Some(other)));
        assert!(!count_wrong_code(stores, user_id(3)).await);
    }

    async fn a_change_is_returned_as_stored_and_replaced(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let change = email_change(&user(1), now(stores).await, 60);
        assert_eq!(ok(stores.addresses.find_change(user_id(1)).await), None);
        ok(save(stores, &change).await);
        let confirmed = change.clone().confirmed_by(ProofSide::New);
        let read = some(ok(stores.addresses.find_change(user_id(1)).await));
        assert_eq!(read.email.as_str(), "New.Address@example.com");
        assert_eq!(read, change);
        ok(save(stores, &confirmed).await);
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.email_proofs().find_change_of(user_id(1)).await), Some(confirmed));
    }

    async fn a_deleted_change_takes_the_proofs_of_its_sides_along(harness: &impl Harness) {
        let stores = harness.stores();
        let [current, new, old] = three_proofs(stores).await;
        ok(save(stores, &email_change(&user(1), now(stores).await, 60)).await);
        let delete_change = async || {
            let mut tx = ok(stores.identity.begin().await);
            let deleted = ok(tx.email_proofs().delete_change(user_id(1)).await);
            ok(tx.commit().await);
            deleted
        };
        assert!(delete_change().await);
        assert!(!delete_change().await);
        assert_eq!((find(stores, &new).await, find(stores, &old).await), (None, None));
        assert_eq!(find(stores, &current).await.as_ref(), Some(&current));
        ok(save(stores, &email_change(&user(1), now(stores).await, 60)).await);
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.email_proofs().delete_all(user_id(1)).await);
        ok(tx.commit().await);
        assert_eq!(find(stores, &current).await, None);
        assert_eq!(ok(stores.addresses.find_change(user_id(1)).await), None);
    }

    async fn an_address_is_changed_to_a_verified_one(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&User { email_verified: false, ..user(1) }, &user(2)]).await;
        let change = async |email: &str, id: UserId| {
            let mut tx = ok(stores.identity.begin().await);
            let changed = tx.users().change_email(id, &parsed(email), NOW + Duration::HOUR).await?;
            tx.commit().await?;
            Ok::<bool, StoreError>(changed)
        };
        conflict(change("USER2@example.com", user_id(1)).await, "users_email_canonical");
        assert!(!ok(change("none@example.com", user_id(3)).await));
        assert!(ok(change("New@Example.com", user_id(1)).await));
        let read = some(ok(stores.identity.find_user(user_id(1)).await));
        assert_eq!(read.email.as_ref().map(EmailAddress::as_str), Some("New@Example.com"));
        assert_eq!((read.email_verified, read.updated_at), (true, NOW + Duration::HOUR));
        assert_eq!(ok(stores.identity.find_credentials(&parsed("user1@example.com")).await), None);
        assert!(ok(stores.identity.find_credentials(&parsed("NEW@example.com")).await).is_some());
    }

    async fn of_sixteen_concurrent_takers_of_a_proof_one_gets_it(harness: &impl Harness) {
        let stores = harness.stores();
        let [current, new, _] = three_proofs(stores).await;
        for (proof, by) in [(&current, By::Token(current.token)), (&new, By::Code(new.code))] {
            let taken = at_once(harness, 16, |_| take(stores.identity.clone(), user_id(1), by)).await;
            assert_eq!(taken.iter().flatten().collect::<Vec<_>>(), [proof]);
        }
        nothing_is_held(harness).await;
    }
);
