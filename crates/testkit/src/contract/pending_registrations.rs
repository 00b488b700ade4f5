//! Contract of [`PendingRegistrations`](tessera_identity::ports::PendingRegistrations).

use std::sync::Arc;

use tessera_identity::{
    model::{PendingRegistration, User, WRONG_CODES},
    ports::IdentityStore,
};
use tessera_kernel::{SecretHash, StoreError};
use time::OffsetDateTime;

use crate::{
    Harness, Stores,
    builders::{bare_user, pending_registration, user},
    concurrency::{at_once, nothing_is_held},
    expectations::{conflict, ok, parsed},
};

async fn now(stores: &Stores) -> OffsetDateTime {
    ok(stores.addresses.now().await)
}

async fn insert(stores: &Stores, registration: &PendingRegistration) -> Result<(), StoreError> {
    let mut tx = stores.identity.begin().await?;
    tx.pending_registrations().insert(registration).await?;
    tx.commit().await
}

async fn take(
    store: Arc<dyn IdentityStore>,
    (secret, code): (SecretHash, SecretHash),
) -> Result<Option<PendingRegistration>, StoreError> {
    let mut tx = store.begin().await?;
    let taken = tx.pending_registrations().take_by_code(&secret, &code).await?;
    tx.commit().await?;
    Ok(taken)
}

async fn take_by_token(stores: &Stores, token: SecretHash) -> Option<PendingRegistration> {
    let mut tx = ok(stores.identity.begin().await);
    let registration = ok(tx.pending_registrations().take_by_token(&token).await);
    ok(tx.commit().await);
    registration
}

async fn count_wrong_code(stores: &Stores, secret: SecretHash) -> bool {
    let mut tx = ok(stores.identity.begin().await);
    let counted = ok(tx.pending_registrations().count_wrong_code(&secret).await);
    ok(tx.commit().await);
    counted
}

contract!(
    use pending_registrations as pending_registrations_contract;

    async fn a_registration_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let full = pending_registration(1, now, 60);
        let bare = bare_user(2);
        let bare = PendingRegistration {
            user: User { email: user(2).email, email_verified: false, updated_at: bare.created_at, ..bare },
            ..pending_registration(2, now, 60)
        };
        for known in [full, bare] {
            ok(insert(stores, &known).await);
            assert_eq!(ok(stores.addresses.find_registration(&known.token).await).as_ref(), Some(&known));
            assert_eq!(ok(stores.addresses.find_own_registration(&known.secret).await).as_ref(), Some(&known));
            // Neither secret stands for the other.
            assert_eq!(ok(stores.addresses.find_registration(&known.secret).await), None);
            assert_eq!(ok(stores.addresses.find_own_registration(&known.token).await), None);
        }
    }

    async fn a_registration_is_taken_once(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let (one, two) = (pending_registration(1, now, 60), pending_registration(2, now, 60));
        for known in [&one, &two] {
            ok(insert(stores, known).await);
        }
        for wrong in [(one.secret, two.code), (two.secret, one.code), (one.token, one.code)] {
            assert_eq!(ok(take(stores.identity.clone(), wrong).await), None);
        }
        assert_eq!(take_by_token(stores, one.secret).await, None);
        assert_eq!(take_by_token(stores, one.token).await.as_ref(), Some(&one));
        assert_eq!(take_by_token(stores, one.token).await, None);
        assert_eq!(ok(take(stores.identity.clone(), (two.secret, two.code)).await).as_ref(), Some(&two));
        assert_eq!(ok(take(stores.identity.clone(), (two.secret, two.code)).await), None);
    }

    async fn an_expired_registration_is_invalid(harness: &impl Harness) {
        let stores = harness.stores();
        let known = pending_registration(1, now(stores).await, -1);
        ok(insert(stores, &known).await);
        assert_eq!(ok(stores.addresses.find_registration(&known.token).await), None);
        assert_eq!(ok(stores.addresses.find_own_registration(&known.secret).await), None);
        assert_eq!(take_by_token(stores, known.token).await, None);
        assert_eq!(ok(take(stores.identity.clone(), (known.secret, known.code)).await), None);
        let mut tx = ok(stores.identity.begin().await);
        assert!(!ok(tx.pending_registrations().renew(&known).await));
    }

    async fn ids_secrets_and_tokens_are_unique(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let known = pending_registration(1, now, 60);
        ok(insert(stores, &known).await);
        let other = pending_registration(2, now, 60);
        let same_id = PendingRegistration { user: known.user.clone(), ..other.clone() };
        conflict(insert(stores, &same_id).await, "pending_registrations_id");
        let same_secret = PendingRegistration { secret: known.secret, ..other.clone() };
        conflict(insert(stores, &same_secret).await, "pending_registrations_secret_hash");
        conflict(
            insert(stores, &PendingRegistration { token: known.token, ..other }).await,
            "pending_registrations_token_hash",
        );
    }

    async fn wrong_codes_end_a_registration_also_after_a_new_mail(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let (known, next) = (pending_registration(1, now, 60), pending_registration(2, now, 60));
        ok(insert(stores, &known).await);
        for _ in 1..WRONG_CODES {
            assert!(count_wrong_code(stores, known.secret).await);
        }
        let renewed = PendingRegistration { token: next.token, code: next.code, ..known.clone() };
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.pending_registrations().renew(&renewed).await));
        ok(tx.commit().await);
        assert_eq!(ok(stores.addresses.find_registration(&known.token).await), None);
        assert_eq!(ok(stores.addresses.find_registration(&next.token).await), Some(renewed));
        assert!(count_wrong_code(stores, known.secret).await);
        assert_eq!(ok(stores.addresses.find_own_registration(&known.secret).await), None);
        assert!(!count_wrong_code(stores, known.secret).await);
    }

    async fn all_registrations_of_an_address_are_deleted(harness: &impl Harness) {
        let stores = harness.stores();
        let now = now(stores).await;
        let (one, two, other) =
            (pending_registration(1, now, 60), pending_registration(2, now, 60), pending_registration(3, now, 60));
        let mut same = two;
        same.user.email = Some(parsed("USER1@Example.com"));
        for known in [&one, &same, &other] {
            ok(insert(stores, known).await);
        }
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.pending_registrations().delete_of(&parsed("user1@example.com")).await), 2);
        ok(tx.commit().await);
        assert_eq!(ok(stores.addresses.find_registration(&same.token).await), None);
        assert_eq!(ok(stores.addresses.find_registration(&other.token).await), Some(other));
    }

    async fn of_sixteen_concurrent_takers_one_gets_the_registration(harness: &impl Harness) {
        let stores = harness.stores();
        let known = pending_registration(1, now(stores).await, 60);
        ok(insert(stores, &known).await);
        let taken = at_once(harness, 16, |_| take(stores.identity.clone(), (known.secret, known.code))).await;
        assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [known]);
        nothing_is_held(harness).await;
    }
);
