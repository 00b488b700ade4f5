//! Contract of [`RateLimits`](tessera_kernel::RateLimits).

use tessera_kernel::{KEEP_COUNTERS, RateLimit, RateLimitError, RateLimited, StoreError};
use time::Duration;

use crate::{
    Harness, Skip, Stores,
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{failed, ok},
};

const LIMIT: RateLimit = RateLimit { name: "tests", quota: 3, window: Duration::HOUR };

async fn count(stores: &Stores, limit: RateLimit, subject: &str) -> Result<Result<(), RateLimited>, StoreError> {
    match in_time(stores.limits.count(limit, subject)).await {
        Ok(()) => Ok(Ok(())),
        Err(RateLimitError::Limited(limited)) => Ok(Err(limited)),
        Err(RateLimitError::Store(error)) => Err(error),
    }
}

/// The number of admitted events among the next `events` events.
async fn admitted(stores: &Stores, limit: RateLimit, subject: &str, events: u32) -> u32 {
    let mut admitted = 0;
    for _ in 0..events {
        admitted += u32::from(ok(count(stores, limit, subject).await).is_ok());
    }
    admitted
}

contract!(
    use rate_limits as rate_limits_contract;

    async fn a_window_admits_exactly_its_quota(harness: &impl Harness) {
        let stores = harness.stores();
        for _ in 0..LIMIT.quota {
            ok(ok(count(stores, LIMIT, "ada").await));
        }
        let mut longest = LIMIT.window;
        for _ in 0..3 {
            let limited = failed(ok(count(stores, LIMIT, "ada").await));
            assert_eq!(limited.limit, LIMIT);
            // Rejected events do not extend the window.
            assert!(limited.retry_after > Duration::ZERO && limited.retry_after <= longest, "{limited:?}");
            longest = limited.retry_after;
        }
    }

    async fn of_two_hundred_concurrent_events_the_quota_is_admitted(harness: &impl Harness) {
        let limit = RateLimit { quota: 10, ..LIMIT };
        let event = |_| {
            let stores = harness.stores().clone();
            async move { count(&stores, limit, "ada").await }
        };
        let admitted = at_once(harness, 200, event).await.into_iter().flatten().count();
        assert_eq!(admitted, 10);
        nothing_is_held(harness).await;
    }

    async fn a_window_that_ended_is_followed_by_a_new_one(harness: &impl Harness) {
        let stores = harness.stores();
        // With a negative length, every window has ended before the next event.
        let ended = RateLimit { quota: 1, window: -Duration::SECOND, ..LIMIT };
        assert_eq!(admitted(stores, ended, "ada", 5).await, 5);
        // The new window has its own quota and length.
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 3);
        let limited = failed(ok(count(stores, LIMIT, "ada").await));
        assert!(limited.retry_after > Duration::minutes(59), "{limited:?}");
    }

    async fn two_subjects_are_counted_apart(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 3);
        assert_eq!(admitted(stores, LIMIT, "Ada", 5).await, 3);
        assert_eq!(admitted(stores, LIMIT, "", 5).await, 3);
    }

    async fn two_limits_are_counted_apart(harness: &impl Harness) {
        let stores = harness.stores();
        let other = RateLimit { name: "tests-other", ..LIMIT };
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 3);
        assert_eq!(admitted(stores, other, "ada", 5).await, 3);
    }

    async fn limits_of_one_name_share_a_counter(harness: &impl Harness) {
        let stores = harness.stores();
        let wider = RateLimit { quota: 6, ..LIMIT };
        assert_eq!(admitted(stores, LIMIT, "ada", 3).await, 3);
        assert_eq!(admitted(stores, wider, "ada", 5).await, 3);
    }

    async fn counters_are_deleted_an_hour_after_their_window(harness: &impl Harness) {
        let stores = harness.stores();
        let minute = Duration::MINUTE;
        for (name, window) in [("a", minute), ("b", minute - KEEP_COUNTERS), ("c", -KEEP_COUNTERS - minute)] {
            assert_eq!(admitted(stores, RateLimit { name, quota: 1, window }, "ada", 1).await, 1);
        }
        assert_eq!(ok(stores.limits.delete_expired().await), 1);
        assert_eq!(ok(stores.limits.delete_expired().await), 0);
        // The open window still counts.
        assert_eq!(admitted(stores, RateLimit { name: "a", quota: 1, window: minute }, "ada", 1).await, 0);
    }

    async fn a_count_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        assert_eq!(admitted(harness.stores(), LIMIT, "ada", 2).await, 2);
        harness.reopen().await?;
        assert_eq!(admitted(harness.stores(), LIMIT, "ada", 2).await, 1);
        Ok(())
    }
);
