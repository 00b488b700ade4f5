//! Responses that must not reveal by their time whether an address has an account.

use std::time::{Duration, Instant};

const PAIRS: usize = 300;

/// Fails if requests for a taken and for a free address take different times. The arguments of a request are a number that
/// differs for each pair, and whether its address is the taken one. Other load may falsify the medians once; a systematic
/// difference appears in every attempt.
pub(super) async fn takes_the_same_time(request: impl AsyncFn(usize, bool)) {
    let mut seen = Vec::new();
    for attempt in 0..3 {
        let (taken, free) = medians(attempt * PAIRS, &request).await;
        if taken.abs_diff(free) <= Duration::from_millis(2).max(taken / 20) {
            return;
        }
        seen.push((taken, free));
    }
    panic!("taken and free: {seen:?}");
}

async fn medians(first: usize, request: &impl AsyncFn(usize, bool)) -> (Duration, Duration) {
    let timed = async |number, taken| {
        let began = Instant::now();
        request(number, taken).await;
        began.elapsed()
    };
    let (mut taken, mut free) = (Vec::new(), Vec::new());
    for number in first..first + PAIRS {
        // The order alternates.
        if number % 2 == 0 {
            taken.push(timed(number, true).await);
        }
        free.push(timed(number, false).await);
        if number % 2 == 1 {
            taken.push(timed(number, true).await);
        }
    }
    let median = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() / 2]
    };
    (median(taken), median(free))
}
