//! Contract of [`Factors`](tessera_identity::ports::Factors) and [`FactorRows`](tessera_identity::ports::FactorRows).

use tessera_identity::{
    model::{EnrolledFactors, FactorStatus, SealedTotpSecret, TotpEnrollment, TotpFactor},
    ports::IdentityTransaction,
};
use tessera_kernel::{Role, SecretHash, StoreError};
use tessera_orgs::model::Organization;
use time::Duration;

use super::world::neighbour_of;
use crate::{
    Harness, Stores,
    builders::{NOW, membership, organization, organization_id, user, user_id},
    concurrency::{at_once, attempts_at_once},
    expectations::{conflict, ok},
};

fn sealed(number: u8) -> SealedTotpSecret {
    SealedTotpSecret::new(vec![number; 49])
}

fn factor(of: u32, number: u8) -> TotpFactor {
    TotpFactor { user: user_id(of), sealed: sealed(number), last_step: 100, created_at: NOW }
}

fn code(number: u8) -> SecretHash {
    SecretHash::from_bytes([number; 32])
}

/// Runs one step of a transaction of a user.
macro_rules! change {
    ($stores:expr, $tx:ident => $work:expr) => {{
        let mut $tx: Box<dyn IdentityTransaction> = ok($stores.identity.begin().await);
        let done = ok($work.await);
        ok($tx.commit().await);
        done
    }};
}

/// An enrollment that is valid for so many minutes by the clock of the storage.
async fn enrollment(stores: &Stores, of: u32, number: u8, minutes: i64) -> TotpEnrollment {
    let now = ok(stores.factors.now().await);
    TotpEnrollment { user: user_id(of), sealed: sealed(number), expires_at: now + Duration::minutes(minutes) }
}

contract!(
    use factors as factors_contract;

    async fn a_totp_secret_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        assert_eq!(ok(stores.factors.find_totp(user_id(1)).await), None);
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 1)));
        assert_eq!(ok(stores.factors.find_totp(user_id(1)).await), Some(factor(1, 1)));
        assert_eq!(ok(stores.factors.find_totp(user_id(2)).await), None);
    }

    async fn a_user_has_one_totp_secret(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 1)));
        let mut tx = ok(stores.identity.begin().await);
        conflict(tx.factors().insert_totp(&factor(1, 2)).await, "totp_factors_user_id");
        drop(tx);
        change!(stores, tx => tx.factors().insert_totp(&factor(2, 1)));
        assert!(change!(stores, tx => tx.factors().delete_totp(user_id(1))));
        assert!(!change!(stores, tx => tx.factors().delete_totp(user_id(1))));
        assert_eq!(ok(stores.factors.find_totp(user_id(2)).await), Some(factor(2, 1)));
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 2)));
        assert_eq!(ok(stores.factors.find_totp(user_id(1)).await), Some(factor(1, 2)));
    }

    async fn a_factor_requires_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.identity.begin().await);
        conflict(tx.factors().insert_totp(&factor(1, 1)).await, StoreError::REFERENCE);
        drop(tx);
        let pending = enrollment(stores, 1, 1, 10).await;
        let mut tx = ok(stores.identity.begin().await);
        conflict(tx.factors().put_totp_enrollment(&pending).await, StoreError::REFERENCE);
    }

    async fn a_step_is_accepted_once_and_only_forwards(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 1)));
        change!(stores, tx => tx.factors().insert_totp(&factor(2, 2)));
        for (step, accepted) in [(100, false), (99, false), (101, true), (101, false), (100, false), (103, true)] {
            assert_eq!(change!(stores, tx => tx.factors().accept_step(&factor(1, 1), step)), accepted, "{step}");
        }
        // An earlier factor of the same user.
        let earlier = TotpFactor { created_at: NOW - Duration::milliseconds(1), ..factor(1, 1) };
        assert!(!change!(stores, tx => tx.factors().accept_step(&earlier, 200)));
        // The same factor, sealed again.
        assert!(change!(stores, tx => tx.factors().accept_step(&factor(2, 3), 101)));
        let known = ok(stores.factors.find_totp(user_id(1)).await);
        assert_eq!(known, Some(TotpFactor { last_step: 103, ..factor(1, 1) }));
    }

    async fn of_eight_concurrent_uses_of_a_step_one_is_accepted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 1)));
        let accepted = at_once(harness, 8, |_| {
            let store = stores.identity.clone();
            async move {
                let mut tx = store.begin().await?;
                tx.users().lock(user_id(1)).await?;
                let accepted = tx.factors().accept_step(&factor(1, 1), 101).await?;
                tx.commit().await?;
                Ok(accepted)
            }
        })
        .await;
        assert_eq!(accepted.into_iter().filter(|accepted| *accepted).count(), 1);
    }

    async fn an_enrollment_replaces_the_previous_one(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let (first, second) = (enrollment(stores, 1, 1, 10).await, enrollment(stores, 1, 2, 10).await);
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(1)).await), None);
        change!(stores, tx => tx.factors().put_totp_enrollment(&first));
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(1)).await), Some(first.clone()));
        change!(stores, tx => tx.factors().put_totp_enrollment(&second));
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(1)).await), Some(second.clone()));
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(2)).await), None);
        assert!(!change!(stores, tx => tx.factors().take_totp_enrollment(&first)));
        assert!(change!(stores, tx => tx.factors().take_totp_enrollment(&second)));
        assert!(!change!(stores, tx => tx.factors().take_totp_enrollment(&second)));
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(1)).await), None);
    }

    async fn an_expired_enrollment_is_not_found(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let (old, open) = (enrollment(stores, 1, 1, -1).await, enrollment(stores, 2, 2, 10).await);
        for enrollment in [&old, &open] {
            change!(stores, tx => tx.factors().put_totp_enrollment(enrollment));
        }
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(1)).await), None);
        assert!(!change!(stores, tx => tx.factors().take_totp_enrollment(&old)));
        assert_eq!(ok(stores.factors.find_totp_enrollment(user_id(2)).await), Some(open));
    }

    async fn a_recovery_code_is_taken_once_and_by_its_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(1), &[code(1), code(2), code(3)]));
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(2), &[code(4)]));
        for (user, number, left) in [(2, 1, None), (1, 4, None), (1, 2, Some(2)), (1, 2, None), (2, 4, Some(0))] {
            let taken = change!(stores, tx => tx.factors().take_recovery_code(user_id(user), &code(number)));
            assert_eq!(taken, left, "{user} {number}");
        }
        let neighbour = neighbour_of(code(1));
        assert_eq!(change!(stores, tx => tx.factors().take_recovery_code(user_id(1), &neighbour)), None);
        // Others replace them, and none removes them.
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(1), &[code(5)]));
        assert_eq!(change!(stores, tx => tx.factors().take_recovery_code(user_id(1), &code(1))), None);
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(1), &[]));
        assert_eq!(change!(stores, tx => tx.factors().take_recovery_code(user_id(1), &code(5))), None);
    }

    async fn of_eight_concurrent_uses_of_a_recovery_code_one_succeeds(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(1), &[code(1), code(2)]));
        let taken = attempts_at_once(harness, 8, |_| {
            let store = stores.identity.clone();
            async move {
                let mut tx = store.begin().await?;
                tx.users().lock(user_id(1)).await?;
                let taken = tx.factors().take_recovery_code(user_id(1), &code(1)).await?;
                tx.commit().await?;
                Ok(taken)
            }
        })
        .await;
        let taken: Vec<u64> = taken.into_iter().filter_map(ok).collect();
        assert_eq!(taken, [1]);
    }

    async fn the_factors_of_a_user_are_counted(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let read = async |of| change!(stores, tx => tx.factors().enrolled(user_id(of)));
        assert_eq!(read(1).await, EnrolledFactors::default());
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 1)));
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(1), &[code(1), code(2)]));
        assert_eq!(read(1).await, EnrolledFactors { totp: true, passkeys: 0, recovery_codes: 2 });
        assert_eq!((read(2).await, read(9).await), (EnrolledFactors::default(), EnrolledFactors::default()));
    }

    async fn the_status_names_the_organizations_that_require_mfa(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let strict = |number| Organization { mfa_required: true, ..organization(number) };
        stores.add_organizations([&organization(1), &strict(2), &strict(3), &strict(4)]).await;
        let member = |number| membership(organization_id(number), user_id(1), Role::Member);
        stores.add_memberships([&member(1), &member(3), &member(2)]).await;
        stores.add_memberships([&membership(organization_id(4), user_id(2), Role::Owner)]).await;
        change!(stores, tx => tx.factors().insert_totp(&factor(1, 1)));
        change!(stores, tx => tx.factors().replace_recovery_codes(user_id(1), &[code(1)]));
        let status = FactorStatus {
            totp: Some(NOW),
            passkeys: 0,
            recovery_codes_left: 1,
            required_by: vec![organization_id(2), organization_id(3)],
        };
        assert_eq!(ok(stores.factors.factor_status(user_id(1)).await), status);
        let other = FactorStatus { required_by: vec![organization_id(4)], ..FactorStatus::default() };
        assert_eq!(ok(stores.factors.factor_status(user_id(2)).await), other);
    }

    async fn factors_of_a_dropped_transaction_do_not_exist(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        ok(tx.factors().insert_totp(&factor(1, 1)).await);
        ok(tx.factors().replace_recovery_codes(user_id(1), &[code(1)]).await);
        drop(tx);
        assert_eq!(ok(stores.factors.factor_status(user_id(1)).await), FactorStatus::default());
    }
);
