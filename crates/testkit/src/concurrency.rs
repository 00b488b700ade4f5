//! Helpers for cases with several callers: work at the same time, work that is cancelled, and callers that wait.
//!
//! The cases of the contracts use them. They are public for cases of your own.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    future::{Future, pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tessera_kernel::StoreError;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    Contention, Harness,
    expectations::{conflict, ok},
};

/// Time after which an operation counts as stuck. Only failing cases wait this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time in which a storage takes back the connections of callers that are gone.
const CLEANUP: Duration = Duration::from_secs(5);

/// How often a transaction of an optimistic storage is repeated. With a few concurrent transactions, of which one
/// commits each time, no transaction fails as often.
const ATTEMPTS: usize = 10_000;

/// How often a caller that holds a lock reads while another caller tries to overtake it.
const READS: usize = 25;

/// Fails after 30 seconds instead of hanging.
///
/// # Panics
/// Panics if the work takes longer.
pub async fn in_time<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("must not take for ever"))
}

/// Asserts that the storage takes back every connection within 5 seconds.
///
/// # Panics
/// Panics if a connection stays in use.
pub async fn nothing_is_held(harness: &impl Harness) {
    let waiting = async {
        while harness.connections_in_use() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let returned = tokio::time::timeout(CLEANUP, waiting).await;
    assert!(returned.is_ok(), "{} connections are still in use after {CLEANUP:?}", harness.connections_in_use());
}

impl Contention {
    /// Runs a transaction. Repeats it while it fails with [`StoreError::Busy`], if that is what the storage does with
    /// concurrent transactions. The work must contain the whole transaction.
    ///
    /// # Errors
    /// Fails with every other error of the transaction.
    ///
    /// # Panics
    /// Panics if the storage stays busy.
    pub async fn settle<T, F>(self, work: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        for _ in 0..ATTEMPTS {
            match work().await {
                Err(StoreError::Busy) if self == Self::IsBusy => tokio::task::yield_now().await,
                done => return done,
            }
        }
        panic!("must not stay busy")
    }
}

/// Runs work `count` times at the same time, numbered from 0, and returns the results in this order.
///
/// # Panics
/// Panics if the work panics or takes too long.
pub async fn concurrently<T, F>(count: u32, work: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(work(number))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(ok(in_time(task).await));
    }
    results
}

/// Runs a transaction `count` times at the same time, numbered from 0, and returns the values in this order. Each must
/// succeed. The work must contain the whole transaction.
///
/// # Panics
/// Panics if one fails or takes too long.
pub async fn at_once<T, F>(harness: &impl Harness, count: u32, work: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    attempts_at_once(harness, count, work).await.into_iter().map(ok).collect()
}

/// Does the same as [`at_once`] for transactions that may fail, and returns their results.
///
/// # Panics
/// Panics if one takes too long.
pub async fn attempts_at_once<T, F>(
    harness: &impl Harness,
    count: u32,
    work: impl Fn(u32) -> F,
) -> Vec<Result<T, StoreError>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let mut results = BTreeMap::new();
    let mut open: Vec<u32> = (0..count).collect();
    for _ in 0..ATTEMPTS {
        let tasks: Vec<_> = open.drain(..).map(|number| (number, tokio::spawn(work(number)))).collect();
        for (number, task) in tasks {
            match ok(in_time(task).await) {
                Err(StoreError::Busy) if harness.contention() == Contention::IsBusy => open.push(number),
                result => drop(results.insert(number, result)),
            }
        }
        if open.is_empty() {
            return results.into_values().collect();
        }
    }
    panic!("must not stay busy")
}

/// Asserts that exactly one attempt succeeded and that all others failed with a conflict on the key.
///
/// # Panics
/// Panics otherwise.
#[track_caller]
pub fn one_wins(attempts: Vec<Result<(), StoreError>>, key: &str) {
    let (won, lost): (Vec<_>, Vec<_>) = attempts.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1, "one must win, the others got {lost:?}");
    for attempt in lost {
        conflict(attempt, key);
    }
}

/// Runs work in a task, and aborts the task while it still holds the result of the work (an open transaction).
///
/// # Panics
/// Panics if the work takes too long.
pub async fn end_while_held<F>(work: F)
where
    F: Future<Output: Send> + Send + 'static,
{
    let (done, is_done) = oneshot::channel();
    let task = tokio::spawn(async move {
        let held = work.await;
        let told = done.send(());
        pending::<()>().await;
        drop((held, told));
    });
    ok(in_time(is_done).await);
    task.abort();
    let ended = in_time(task).await;
    assert!(ended.is_err_and(|error| error.is_cancelled()), "the task must have been ended");
}

/// Drops the work after it was pending `waits` times, as a caller does that is cancelled. Returns `None` if it was
/// dropped.
///
/// # Panics
/// Panics if the work takes too long.
pub async fn dropped_after<F: Future>(waits: usize, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut left = waits;
    let limited = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    });
    in_time(limited).await
}

/// A caller that came while another one held a lock.
pub struct Second<T>(JoinHandle<Result<T, StoreError>>);

impl<T> Second<T> {
    /// Ends the first caller, and returns the result of the second.
    ///
    /// Returns `None` if the first was refused as busy because the second has overtaken it. Only an optimistic storage
    /// does that. The second has then succeeded with what was there before the first.
    ///
    /// # Panics
    /// Panics if the first fails otherwise, or if the second takes too long.
    pub async fn after(
        self,
        harness: &impl Harness,
        first: impl Future<Output = Result<(), StoreError>>,
    ) -> Option<Result<T, StoreError>> {
        let first = first.await;
        let second = ok(in_time(self.0).await);
        match first {
            Err(StoreError::Busy) if harness.contention() == Contention::IsBusy => {
                assert!(second.is_ok(), "one of the two must succeed");
                None
            }
            first => {
                ok(first);
                Some(second)
            }
        }
    }

    /// Ends the first caller like [`Second::after`], and asserts that the second gets this value after it. Returns
    /// whether it came after the first: an optimistic storage lets it overtake.
    ///
    /// # Panics
    /// Panics if the second gets another value, and in the cases of [`Second::after`].
    pub async fn gets(
        self,
        expected: T,
        harness: &impl Harness,
        first: impl Future<Output = Result<(), StoreError>>,
    ) -> bool
    where
        T: PartialEq + Debug,
    {
        match self.after(harness, first).await {
            Some(second) => {
                assert_eq!(ok(second), expected, "the second must see what the first has done");
                true
            }
            None => false,
        }
    }
}

/// Starts `second` while the caller holds a lock, and gives `second` enough time to overtake before it returns. The work
/// of the second must contain its whole transaction, up to the commit. `read` reads from the storage without a lock.
pub async fn second_comes_while_first_holds<T, F, R>(
    harness: &impl Harness,
    second: impl Fn() -> F + Send + Sync + 'static,
    read: impl AsyncFn() -> R,
) -> Second<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let contention = harness.contention();
    let task = tokio::spawn(async move { contention.settle(second).await });
    time_to_overtake(read).await;
    Second(task)
}

/// Starts `second` while the caller holds a lock, gives it enough time to wait for this lock, and cancels it.
///
/// # Panics
/// Panics if the task of the second does not end.
pub async fn second_leaves_while_first_holds<F, R>(second: F, read: impl AsyncFn() -> R)
where
    F: Future<Output: Send> + Send + 'static,
{
    let task = tokio::spawn(async move {
        let held = second.await;
        pending::<()>().await;
        drop(held);
    });
    time_to_overtake(read).await;
    task.abort();
    let ended = in_time(task).await;
    assert!(ended.is_err_and(|error| error.is_cancelled()), "the task must have been ended");
}

async fn time_to_overtake<R>(read: impl AsyncFn() -> R) {
    // Each read takes about as long as one step of the other caller. Without the lock, it would finish during the loop.
    for _ in 0..READS {
        read().await;
        tokio::task::yield_now().await;
    }
}
