//! Contract of [`RateLimits`](tessera_kernel::RateLimits).

use tessera_kernel::{Counted, RateLimit, RateLimitError, RateLimited, StoreError};
use time::Duration;

use crate::{
    Harness, Skip, Stores,
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{failed, ok},
};

const LIMIT: RateLimit = RateLimit::new("tests", 3, 3_600);

async fn count(stores: &Stores, limit: RateLimit, subject: &str) -> Result<Result<Counted, RateLimited>, StoreError> {
    match in_time(stores.limits.count(limit, subject)).await {
        Ok(counted) => Ok(Ok(counted)),
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
        let mut longest = LIMIT.window;
        for left in (0..LIMIT.quota).rev() {
            let counted = ok(ok(count(stores, LIMIT, "ada").await));
            assert_eq!((counted.limit, counted.left), (LIMIT, left));
            assert!(counted.resets_in > Duration::ZERO && counted.resets_in <= longest, "{counted:?}");
            longest = counted.resets_in;
        }
        for rejection in 0..3 {
            let limited = failed(ok(count(stores, LIMIT, "ada").await));
            assert_eq!((limited.limit, limited.first), (LIMIT, rejection == 0));
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

    async fn an_event_that_is_given_back_makes_room_for_one(harness: &impl Harness) {
        let stores = harness.stores();
        let back = async |counted: &Counted, subject: &str| {
            ok(in_time(stores.limits.give_back_all(&[(*counted, subject.to_owned())])).await);
        };
        let counted = ok(ok(count(stores, LIMIT, "ada").await));
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 2);
        back(&counted, "ada").await;
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 1);
        // Only what was counted can be given back, and only for its own subject and limit.
        back(&counted, "bob").await;
        back(&Counted { limit: RateLimit { name: "tests-other", ..LIMIT }, ..counted }, "ada").await;
        for _ in 0..5 {
            back(&counted, "ada").await;
        }
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 3);
        // The first rejection of a window stays the first.
        assert!(!failed(ok(count(stores, LIMIT, "ada").await)).first);
    }

    async fn an_event_is_given_back_to_its_own_window(harness: &impl Harness) {
        let stores = harness.stores();
        let ended = ok(ok(count(stores, RateLimit { window: -Duration::SECOND, ..LIMIT }, "ada").await));
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 3);
        ok(in_time(stores.limits.give_back_all(&[(ended, "ada".to_owned())])).await);
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 0);
    }

    async fn of_concurrent_events_that_are_given_back_none_is_lost(harness: &impl Harness) {
        let limit = RateLimit { quota: 10, ..LIMIT };
        let event = |_| {
            let stores = harness.stores().clone();
            async move {
                let counted = count(&stores, limit, "ada").await?;
                let Ok(counted) = counted else { return Ok(false) };
                let event = [(counted, "ada".to_owned())];
                // Not left to `at_once`, which would count another event.
                in_time(async {
                    while let Err(error) = stores.limits.give_back_all(&event).await {
                        assert!(matches!(error, StoreError::Busy), "{error}");
                        tokio::task::yield_now().await;
                    }
                })
                .await;
                Ok(true)
            }
        };
        at_once(harness, 200, event).await.into_iter().for_each(drop);
        assert_eq!(admitted(harness.stores(), limit, "ada", 20).await, 10);
        nothing_is_held(harness).await;
    }

    async fn several_events_are_counted_all_or_none(harness: &impl Harness) {
        let stores = harness.stores();
        let narrow = RateLimit { name: "tests-narrow", quota: 2, ..LIMIT };
        let events = [(LIMIT, "ada".to_owned()), (narrow, "here".to_owned())];
        for left in [1, 0] {
            let counted = ok(in_time(stores.limits.count_all(&events)).await);
            let found: Vec<_> = counted.iter().map(|counted| (counted.limit, counted.left)).collect();
            assert_eq!(found, [(LIMIT, left + 1), (narrow, left)]);
        }
        for first in [true, false] {
            match failed(in_time(stores.limits.count_all(&events)).await) {
                RateLimitError::Limited(limited) => assert_eq!((limited.limit, limited.first), (narrow, first)),
                RateLimitError::Store(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(admitted(stores, LIMIT, "ada", 5).await, 1);
        assert!(ok(in_time(stores.limits.count_all(&[])).await).is_empty());
        ok(in_time(stores.limits.give_back_all(&[])).await);
        nothing_is_held(harness).await;
    }

    async fn of_concurrent_events_of_two_limits_the_smaller_quota_is_admitted(harness: &impl Harness) {
        let (wide, narrow) = (RateLimit { quota: 20, ..LIMIT }, RateLimit { name: "tests-narrow", quota: 10, ..LIMIT });
        let event = |number: u32| {
            let stores = harness.stores().clone();
            // Many subjects of the first limit, and one of the second.
            let events = [(wide, format!("user {}", number % 7)), (narrow, "here".to_owned())];
            async move {
                match stores.limits.count_all(&events).await {
                    Ok(_) => Ok(true),
                    Err(RateLimitError::Limited(_)) => Ok(false),
                    Err(RateLimitError::Store(error)) => Err(error),
                }
            }
        };
        let admitted = at_once(harness, 100, event).await.into_iter().filter(|admitted| *admitted).count();
        assert_eq!(admitted, 10);
        // The rejected ones were given back to the first limit.
        let mut left = 0;
        for number in 0..7 {
            left += self::admitted(harness.stores(), wide, &format!("user {number}"), 20).await;
        }
        assert_eq!(left, 7 * 20 - 10);
        nothing_is_held(harness).await;
    }

    async fn a_limit_of_zero_admits_nothing(harness: &impl Harness) {
        let none = RateLimit { quota: 0, ..LIMIT };
        assert!(failed(ok(count(harness.stores(), none, "ada").await)).first);
        assert_eq!(admitted(harness.stores(), none, "ada", 3).await, 0);
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

    async fn a_count_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        assert_eq!(admitted(harness.stores(), LIMIT, "ada", 2).await, 2);
        harness.reopen().await?;
        assert_eq!(admitted(harness.stores(), LIMIT, "ada", 2).await, 1);
        Ok(())
    }
);
