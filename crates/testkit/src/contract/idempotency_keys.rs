//! Contract of [`IdempotencyKeys`](tessera_kernel::IdempotencyKeys), and of the transactions that mark claims.

use tessera_kernel::{
    Chain, ClaimStatus, IdempotencyClaim, SecretHash, StoreError, UserId,
    idempotent_request::{on_behalf_of, preparing},
};

use crate::{
    Harness, Skip, Stores,
    builders::{application, application_id, challenge, item_change, organization, organization_id, user, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{failed, ok},
};

const fn hash(number: u8) -> SecretHash {
    SecretHash::from_bytes([number; 32])
}

/// A claim on the key of that number.
fn claim(key: u8, owner: u128) -> IdempotencyClaim {
    IdempotencyClaim { key: hash(key), owner }
}

async fn take(stores: &Stores, claim: IdempotencyClaim) -> ClaimStatus {
    ok(in_time(stores.idempotency.claim(&claim, &hash(9))).await)
}

/// Adds a user in one transaction.
async fn add(stores: &Stores, number: u8) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.users().insert(&user(number.into()), None).await?;
    tx.commit().await
}

async fn exists(stores: &Stores, id: UserId) -> bool {
    ok(stores.identity.find_user(id).await).is_some()
}

contract!(
    use idempotency_keys as idempotency_keys_contract;

    async fn a_key_is_claimed_once(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Running);
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Running);
        assert_eq!(take(stores, claim(2, 2)).await, ClaimStatus::Claimed);
        let other = ok(stores.idempotency.claim(&claim(1, 3), &hash(8)).await);
        assert_eq!(other, ClaimStatus::OtherRequest);
    }

    async fn of_fifty_concurrent_requests_one_gets_the_claim(harness: &impl Harness) {
        let claims = |number: u32| {
            let stores = harness.stores().clone();
            async move { stores.idempotency.claim(&claim(1, number.into()), &hash(9)).await }
        };
        let all = at_once(harness, 50, claims).await;
        let claimed = all.iter().filter(|status| **status == ClaimStatus::Claimed).count();
        assert_eq!(claimed, 1);
        assert!(all.iter().all(|status| matches!(status, ClaimStatus::Claimed | ClaimStatus::Running)), "{all:?}");
        nothing_is_held(harness).await;
    }

    async fn a_response_is_kept_for_the_same_request(harness: &impl Harness) {
        let stores = harness.stores();
        let first = claim(1, 1);
        assert_eq!(take(stores, first).await, ClaimStatus::Claimed);
        ok(on_behalf_of(first, add(stores, 1)).await);
        assert!(ok(stores.idempotency.keep_response(&first, b"sealed").await));
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Answered(b"sealed".to_vec()));
        assert_eq!(ok(stores.idempotency.claim(&claim(1, 3), &hash(8)).await), ClaimStatus::OtherRequest);
        assert!(!ok(stores.idempotency.keep_response(&claim(1, 2), b"other").await));
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Answered(b"sealed".to_vec()));
    }

    async fn a_response_without_a_change_is_kept(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        assert!(ok(stores.idempotency.keep_response(&claim(1, 1), b"").await));
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Answered(Vec::new()));
    }

    async fn a_request_that_changed_nothing_frees_its_key(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        // Only the owner of the claim can free it.
        ok(stores.idempotency.release(&claim(1, 2)).await);
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Running);
        ok(stores.idempotency.release(&claim(1, 1)).await);
        ok(stores.idempotency.release(&claim(1, 1)).await);
        assert_eq!(ok(stores.idempotency.claim(&claim(1, 2), &hash(8)).await), ClaimStatus::Claimed);
    }

    async fn a_change_without_a_response_is_lost(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        ok(on_behalf_of(claim(1, 1), add(stores, 1)).await);
        // It may still be running.
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Running);
        ok(stores.idempotency.release(&claim(1, 1)).await);
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Lost);
        assert_eq!(ok(stores.idempotency.claim(&claim(1, 3), &hash(8)).await), ClaimStatus::OtherRequest);
    }

    async fn a_transaction_that_is_rolled_back_marks_nothing(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        on_behalf_of(claim(1, 1), async {
            let mut tx = ok(stores.identity.begin().await);
            ok(tx.users().insert(&user(1), None).await);
        })
        .await;
        nothing_is_held(harness).await;
        ok(stores.idempotency.release(&claim(1, 1)).await);
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Claimed);
        assert!(!exists(stores, user_id(1)).await);
    }

    async fn a_request_without_its_claim_commits_nothing(harness: &impl Harness) {
        let stores = harness.stores();
        let absent = failed(on_behalf_of(claim(1, 1), add(stores, 1)).await);
        assert!(matches!(absent, StoreError::Superseded), "{absent:?}");
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Claimed);
        let other = failed(on_behalf_of(claim(1, 1), add(stores, 1)).await);
        assert!(matches!(other, StoreError::Superseded), "{other:?}");
        let preparation = failed(on_behalf_of(claim(1, 1), preparing(add(stores, 1))).await);
        assert!(matches!(preparation, StoreError::Superseded), "{preparation:?}");
        assert!(!exists(stores, user_id(1)).await);
        ok(on_behalf_of(claim(1, 2), add(stores, 1)).await);
        nothing_is_held(harness).await;
    }

    async fn a_preparation_does_not_mark_the_claim(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        ok(on_behalf_of(claim(1, 1), preparing(add(stores, 1))).await);
        ok(stores.idempotency.release(&claim(1, 1)).await);
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Claimed);
        assert!(exists(stores, user_id(1)).await);
    }

    async fn several_transactions_of_a_request_share_a_claim(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(take(stores, claim(1, 1)).await, ClaimStatus::Claimed);
        ok(on_behalf_of(claim(1, 1), async {
            preparing(add(stores, 1)).await?;
            add(stores, 2).await?;
            preparing(add(stores, 3)).await?;
            add(stores, 4).await
        })
        .await);
        ok(stores.idempotency.release(&claim(1, 1)).await);
        assert_eq!(take(stores, claim(1, 2)).await, ClaimStatus::Lost);
    }

    async fn changes_without_a_transaction_mark_the_claim_too(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_organizations([&organization(1)]).await;
        stores.add_applications([&application(1, organization_id(1))]).await;
        // The first call creates the item, and the second one changes it.
        for key in [1, 2] {
            assert_eq!(take(stores, claim(key, 1)).await, ClaimStatus::Claimed);
            ok(on_behalf_of(claim(key, 1), stores.items.upsert_item(&item_change(1, application_id(1)), None)).await);
            ok(stores.idempotency.release(&claim(key, 1)).await);
            assert_eq!(take(stores, claim(key, 2)).await, ClaimStatus::Lost);
            let late =
                on_behalf_of(claim(key, 2), stores.items.upsert_item(&item_change(1, application_id(1)), None)).await;
            assert!(matches!(failed(late), StoreError::Superseded));
        }
        assert_eq!(take(stores, claim(3, 1)).await, ClaimStatus::Claimed);
        ok(on_behalf_of(claim(3, 1), stores.challenges.keep(&challenge(1, Chain::Ethereum))).await);
        ok(stores.idempotency.release(&claim(3, 1)).await);
        assert_eq!(take(stores, claim(3, 2)).await, ClaimStatus::Lost);
        nothing_is_held(harness).await;
    }

    async fn a_claim_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        assert_eq!(take(harness.stores(), claim(1, 1)).await, ClaimStatus::Claimed);
        ok(on_behalf_of(claim(1, 1), add(harness.stores(), 1)).await);
        assert!(ok(harness.stores().idempotency.keep_response(&claim(1, 1), b"sealed").await));
        harness.reopen().await?;
        assert_eq!(take(harness.stores(), claim(1, 2)).await, ClaimStatus::Answered(b"sealed".to_vec()));
        Ok(())
    }
);
