//! Contract of [`Challenges`].

use std::sync::Arc;

use tessera_identity::{
    model::{Challenge, Purpose},
    ports::Challenges,
};
use tessera_kernel::{Chain, StoreError, truncate_to_micros};
use time::{Duration, OffsetDateTime, UtcOffset};

use crate::{
    Harness, Skip,
    builders::{NOW, bare_user, challenge, session, session_id, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{conflict, ok, some},
};

/// A challenge of session 1 to link a wallet.
fn to_link(number: u32) -> Challenge {
    let purpose = Purpose::Link { user: user_id(1), session: session_id(1) };
    Challenge { purpose, ..challenge(number, Chain::Ethereum) }
}

async fn keep(store: &dyn Challenges, all: &[Challenge]) {
    for challenge in all {
        ok(store.keep(challenge).await);
    }
}

async fn take(store: Arc<dyn Challenges>, challenge: Challenge) -> Result<Option<Challenge>, StoreError> {
    Ok(store.take(&challenge.nonce).await?.map(|taken| taken.challenge))
}

contract!(
    use challenges as challenges_contract;

    async fn a_challenge_is_returned_as_stored(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        for (number, chain) in (1..).zip(Chain::NAMED.into_iter().chain(Chain::of_id(Chain::MAX_ID))) {
            let challenge = challenge(number, chain);
            ok(store.keep(&challenge).await);
            assert_eq!(ok(take(store.clone(), challenge.clone()).await), Some(challenge));
        }
    }

    async fn a_link_challenge_is_returned_with_its_session(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        stores.add_session(&session(1, user_id(1))).await;
        ok(stores.challenges.keep(&to_link(1)).await);
        assert_eq!(ok(take(stores.challenges.clone(), to_link(1)).await), Some(to_link(1)));
    }

    async fn a_challenge_is_consumed_once(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        let challenge = challenge(1, Chain::Ethereum);
        ok(store.keep(&challenge).await);
        assert!(ok(take(store.clone(), challenge.clone()).await).is_some());
        assert_eq!(ok(take(store.clone(), challenge).await), None);
    }

    async fn an_unknown_nonce_returns_no_challenge(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        ok(store.keep(&challenge(1, Chain::Ethereum)).await);
        assert_eq!(ok(take(store.clone(), challenge(2, Chain::Ethereum)).await), None);
        assert!(ok(take(store.clone(), challenge(1, Chain::Ethereum)).await).is_some());
    }

    async fn an_unknown_nonce_waits_for_no_writer(harness: &impl Harness) {
        let stores = harness.stores();
        // SQLite and the memory store allow one writer at a time, and this transaction is it.
        let mut writer = ok(stores.identity.begin().await);
        ok(writer.users().lock(user_id(1)).await);
        assert_eq!(ok(in_time(take(stores.challenges.clone(), challenge(2, Chain::Ethereum))).await), None);
    }

    async fn an_expired_challenge_is_consumed_too(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        let long_ago = NOW - Duration::days(400);
        let old = Challenge { issued_at: long_ago, expires_at: long_ago, ..challenge(1, Chain::Solana) };
        ok(store.keep(&old).await);
        assert_eq!(ok(take(store.clone(), old.clone()).await), Some(old));
    }

    async fn a_nonce_is_unique(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        let first = challenge(1, Chain::Ethereum);
        ok(store.keep(&first).await);
        let second = Challenge { nonce: first.nonce.clone(), ..challenge(2, Chain::Solana) };
        conflict(store.keep(&second).await, "wallet_challenges_nonce");
        assert_eq!(ok(take(store.clone(), second).await), Some(first));
    }

    async fn a_link_challenge_requires_its_session(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&bare_user(1)]).await;
        conflict(stores.challenges.keep(&to_link(1)).await, StoreError::REFERENCE);
    }

    async fn one_wallet_may_have_many_challenges(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        let account = challenge(1, Chain::Ethereum).account;
        let all: Vec<Challenge> =
            (1..=64).map(|number| Challenge { account, ..challenge(number, Chain::Ethereum) }).collect();
        keep(&**store, &all).await;
        for challenge in all {
            assert_eq!(ok(take(store.clone(), challenge.clone()).await), Some(challenge));
        }
    }

    async fn of_sixteen_concurrent_consumers_of_a_challenge_one_gets_it(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        let challenge = challenge(1, Chain::Ethereum);
        ok(store.keep(&challenge).await);
        let taken = at_once(harness, 16, |_| take(store.clone(), challenge.clone())).await;
        assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [challenge]);
        nothing_is_held(harness).await;
    }

    async fn every_part_of_the_storage_has_one_clock(harness: &impl Harness) {
        let stores = harness.stores();
        let mut last = OffsetDateTime::UNIX_EPOCH;
        for _ in 0..3 {
            for now in [ok(stores.challenges.now().await), ok(stores.sso.now().await), ok(stores.resets.now().await)] {
                assert!(last <= now, "{now} must not be before {last}");
                assert_eq!((now, now.offset()), (truncate_to_micros(now), UtcOffset::UTC));
                last = now;
            }
        }
    }

    async fn a_challenge_expires_by_the_time_at_which_it_is_consumed(harness: &impl Harness) {
        let store = &harness.stores().challenges;
        for (number, left, open) in [(1, 1, true), (2, 0, false), (3, -1, false)] {
            let before = ok(store.now().await);
            let expires_at = before + Duration::minutes(left);
            let kept = Challenge { issued_at: before, expires_at, ..challenge(number, Chain::Base) };
            ok(store.keep(&kept).await);
            let taken = some(ok(store.take(&kept.nonce).await));
            assert!(before <= taken.at && taken.at <= ok(store.now().await), "{}", taken.at);
            assert_eq!(taken.challenge.is_open(taken.at), open, "{left} minutes");
        }
    }

    async fn a_challenge_and_its_consumption_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let (open, taken) = (challenge(1, Chain::Ethereum), challenge(2, Chain::Ethereum));
        keep(&*harness.stores().challenges, &[open.clone(), taken.clone()]).await;
        ok(take(harness.stores().challenges.clone(), taken.clone()).await);
        harness.reopen().await?;
        let store = &harness.stores().challenges;
        assert_eq!(ok(take(store.clone(), taken).await), None);
        assert_eq!(ok(take(store.clone(), open.clone()).await), Some(open));
        Ok(())
    }
);
